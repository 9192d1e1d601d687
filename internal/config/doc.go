// Package config owns what an operator can set: the values of flags and
// environment, the configuration file, and the rules that both must keep.
//
// A [Config] is what was asked for; [Config.Validate] alone turns it into
// [Settings], and everything that runs is made of Settings, so that nothing
// starts on values nobody has checked. The package must not import
// internal/web or cmd.
package config
