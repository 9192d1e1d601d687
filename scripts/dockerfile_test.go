//go:build unix

package scripts_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestDockerfile checks the image without a container engine: no downloaded files, a
// numeric user, which runAsNonRoot needs, and no external builder.
func TestDockerfile(t *testing.T) {
	content, err := os.ReadFile("../Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.ReplaceAll(string(content), "\\\n", "")
	stages := regexp.MustCompile(`(?m)^FROM .*$`).FindAllStringIndex(text, -1)
	if len(stages) == 0 {
		t.Fatal("the Dockerfile has no stage")
	}
	last := text[stages[len(stages)-1][0]:]
	for _, wanted := range []string{
		`\AFROM scratch\n`,
		`(?m)^USER [1-9][0-9]*:[1-9][0-9]*$`,
		`(?m)^ENTRYPOINT \["/[^"]+"\]$`, // signals go to the program, not to a shell
		`(?m)^COPY LICENSE `,
		`(?m)^COPY --from=build \S+/ca-certificates\.crt `,
	} {
		if !regexp.MustCompile(wanted).MatchString(last) {
			t.Errorf("the last stage has no %s:\n%s", wanted, last)
		}
	}
	for _, refused := range []string{`(?im)^#\s*syntax\s*=`, `(?m)^ADD `, `(?m)^FROM \S+:latest`} {
		if found := regexp.MustCompile(refused).FindString(text); found != "" {
			t.Errorf("the Dockerfile has %q", found)
		}
	}
}
