// Package config validates what an operator can configure: flags, environment and
// configuration file.
//
// A [Config] holds unchecked values; [Config.Validate] turns it into [Settings],
// from which everything else is made. The package must not import internal/web or
// cmd.
package config
