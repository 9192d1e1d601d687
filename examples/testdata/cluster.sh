#!/usr/bin/env bash
# Stands for kubectl, helm, kind, docker, make and nginx-exporter in the tests of
# kubernetes/try.sh: logs its arguments and responds as an empty cluster with
# prometheus-operator. Files in $WORK change that: cluster, owner, namespace, nocrds,
# nopods, noprometheus, noplan, novalue.
name=${0##*/}
echo "$name $*" >>"$WORK/log"
case "$name $*" in
    "kubectl config current-context") echo prod ;;
    "kubectl config view"*) echo https://api.example.com:6443 ;;
    *" get namespace "*) [ -e "$WORK/namespace" ] ;;
    *" get apiservice "*) if [ -e "$WORK/owner" ]; then cat "$WORK/owner"; fi ;;
    *" get crd "*) [ ! -e "$WORK/nocrds" ] ;;
    "kind get clusters") [ ! -e "$WORK/cluster" ] || cat "$WORK/cluster" ;;
    *" get prometheus "*"-o name") [ -e "$WORK/noprometheus" ] || echo prometheus/stack ;;
    *" get prometheus "*metadata.namespace*) echo monitoring ;;
    *" rollout status "*) [ ! -e "$WORK/nopods" ] ;;
    *" get hpa "*)
        if [ -e "$WORK/novalue" ]; then
            echo "1 "
        elif grep -q -e --replicas=0 "$WORK/log"; then
            echo "2 400m"
        elif grep -q -e --replicas=2 "$WORK/log"; then
            echo "6 35"
        else
            echo "2 400m"
        fi
        ;;
    "nginx-exporter autoscale apply"*) [ ! -e "$WORK/noplan" ] ;;
    "nginx-exporter doctor"*) echo "report of doctor" ;;
esac
