# The image has only the program, CA certificates, the license and the notice.
#
#   make image                   builds in golang:1.26
#   make image BASE=my-golang    builds in another image with sh, Go and
#                                /etc/ssl/certs/ca-certificates.crt
#
# Without access to the default module proxy, set the build argument GOPROXY=... or
# GOFLAGS=-mod=vendor (with a vendor directory).

ARG BUILD_BASE=golang:1.26
FROM ${BUILD_BASE} AS build

ARG GOFLAGS=
ARG GOPROXY=
WORKDIR /src
COPY go.mod go.sum ./
RUN case "$GOFLAGS" in *-mod=vendor*) ;; *) go mod download ;; esac
COPY . .

ARG VERSION=
ARG REVISION=
ARG BRANCH=
ARG BUILD_DATE=
RUN scripts/build.sh /nginx-exporter

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY LICENSE NOTICE /
COPY --from=build /nginx-exporter /usr/bin/nginx-exporter

ARG VERSION=
ARG REVISION=
ARG BUILD_DATE=
LABEL org.opencontainers.image.title="nginx-exporter" \
      org.opencontainers.image.description="Prometheus exporter for nginx" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${BUILD_DATE}"

EXPOSE 9113
USER 65532:65532
ENTRYPOINT ["/usr/bin/nginx-exporter"]
