// Command sign writes the provenance file of a packaged chart, CHART.prov, which "helm verify" and "helm install --verify" check:
//
//	sign -keyring secring.gpg -key NAME nginx-exporter-0.1.0.tgz
//
// "helm package --sign" cannot sign a package whose bytes were made the same for every build. The keyring is the output of
// "gpg --export-secret-keys"; the passphrase is $CHART_PASSPHRASE. See https://helm.sh/docs/topics/provenance/.
package main

import (
	"flag"
	"fmt"
	"os"

	"helm.sh/helm/v3/pkg/provenance"
)

func main() {
	keyring := flag.String("keyring", "", "`file` with the secret key")
	key := flag.String("key", "", "part of the key's name")
	flag.Parse()
	for _, chart := range flag.Args() {
		if err := sign(*keyring, *key, chart, os.Getenv("CHART_PASSPHRASE")); err != nil {
			fmt.Fprintln(os.Stderr, "sign:", err)
			os.Exit(1)
		}
	}
}

func sign(keyring, key, chart, passphrase string) error {
	signatory, err := provenance.NewFromKeyring(keyring, key)
	if err != nil {
		return err
	}
	if err := signatory.DecryptKey(func(string) ([]byte, error) { return []byte(passphrase), nil }); err != nil {
		return fmt.Errorf("key %s: %w", key, err)
	}
	signed, err := signatory.ClearSign(chart)
	if err != nil {
		return fmt.Errorf("sign %s: %w", chart, err)
	}
	return os.WriteFile(chart+".prov", []byte(signed), 0o644) // it is public
}
