package cluster

// Fact is something that is observed when it is first needed, or the reason why
// it could not be observed.
type Fact[T any] struct {
	observe func() (T, error) // nil once it was observed
	value   T
	err     error
}

// Known is a fact that needs no observation.
func Known[T any](value T) Fact[T] { return Fact[T]{value: value} }

// Unknown is a fact that cannot be observed.
func Unknown[T any](err error) Fact[T] { return Fact[T]{err: err} }

func lazy[T any](observe func() (T, error)) Fact[T] { return Fact[T]{observe: observe} }

// Get is the value, or why there is none.
func (f *Fact[T]) Get() (T, error) {
	if observe := f.observe; observe != nil {
		f.observe = nil
		f.value, f.err = observe()
	}
	return f.value, f.err
}

// Value is what is known; the zero value if it could not be observed.
func (f *Fact[T]) Value() T {
	value, _ := f.Get()
	return value
}

// Err is why the fact could not be observed; nil if it is known.
func (f *Fact[T]) Err() error {
	_, err := f.Get()
	return err
}
