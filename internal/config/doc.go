// Package config validates what an operator can configure: flags, environment and
// configuration file.
//
// A [Config] holds unchecked values; only [Config.Validate] makes [Settings] of
// it, and everything that runs is made of Settings. The package must not import
// internal/web or cmd.
package config
