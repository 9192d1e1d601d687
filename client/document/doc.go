// Package document reads JSON documents that status interfaces of nginx send,
// as a stream and within bounds.
package document
