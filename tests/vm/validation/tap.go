// SPDX-License-Identifier: Apache-2.0

// Package tap prints the Test Anything Protocol. It is what the OCI's validation programs use of
// github.com/mndrix/tap-go, which Debian does not have, under the same names.
package tap

import (
	"encoding/json"
	"fmt"
	"strings"
)

// T counts what it has printed.
type T struct {
	count *int
	todo  bool
}

// New is a stream that has said nothing yet.
func New() *T { return &T{count: new(int)} }

// Todo is the same stream for a fact that is not expected to hold yet.
func (t *T) Todo() *T { return &T{count: t.count, todo: true} }

// Header begins the stream; with 0, AutoPlan ends it.
func (t *T) Header(planned int) {
	fmt.Println("TAP version 13")
	if planned > 0 {
		fmt.Printf("1..%d\n", planned)
	}
}

// AutoPlan says how many there were.
func (t *T) AutoPlan() { fmt.Printf("1..%d\n", *t.count) }

func (t *T) point(word, description string) {
	*t.count++
	directive := "-"
	if t.todo {
		directive = "# TODO"
	}
	fmt.Printf("%s %d %s %s\n", word, *t.count, directive, strings.ReplaceAll(description, "\n", " "))
}

// Ok is one fact.
func (t *T) Ok(holds bool, description string) {
	if holds {
		t.point("ok", description)
	} else {
		t.point("not ok", description)
	}
}

// Pass is a fact that holds.
func (t *T) Pass(description string) { t.Ok(true, description) }

// Fail is one that does not.
func (t *T) Fail(description string) { t.Ok(false, description) }

// Skip is a number of facts that were not looked at.
func (t *T) Skip(count int, why string) {
	for i := 0; i < count; i++ {
		*t.count++
		fmt.Printf("ok %d # SKIP %s\n", *t.count, strings.ReplaceAll(why, "\n", " "))
	}
}

func comment(text string) {
	for _, line := range strings.Split(strings.TrimRight(text, "\n"), "\n") {
		fmt.Println("# " + line)
	}
}

// Diagnostic is a comment.
func (t *T) Diagnostic(text string) { comment(text) }

// Diagnosticf is a comment, too.
func (t *T) Diagnosticf(format string, values ...interface{}) {
	comment(fmt.Sprintf(format, values...))
}

// YAML describes the fact before it; JSON is YAML.
func (t *T) YAML(value interface{}) error {
	text, err := json.MarshalIndent(value, "  ", "  ")
	if err != nil {
		return err
	}
	fmt.Printf("  ---\n  %s\n  ...\n", text)
	return nil
}
