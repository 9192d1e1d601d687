// The vulnerability database of scripts/vulncheck.sh. It has no Go code for us: do not run
// "go mod tidy" here. To update it: go get golang.org/x/vulndb@latest
module nginx-exporter/tools/vulndb

go 1.26.0

require golang.org/x/vulndb v0.0.0-20261105234957-e22db6528018
