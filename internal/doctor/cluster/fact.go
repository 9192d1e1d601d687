package cluster

// Fact is a value that is observed when it is first needed, or the error that
// prevented that.
type Fact[T any] struct {
	observe func() (T, error) // nil once observed
	value   T
	err     error
}

// Known returns a fact with a value.
func Known[T any](value T) Fact[T] { return Fact[T]{value: value} }

// Unknown returns a fact that cannot be observed.
func Unknown[T any](err error) Fact[T] { return Fact[T]{err: err} }

func lazy[T any](observe func() (T, error)) Fact[T] { return Fact[T]{observe: observe} }

// Get returns the value, or why it could not be observed.
func (f *Fact[T]) Get() (T, error) {
	if observe := f.observe; observe != nil {
		f.observe = nil
		f.value, f.err = observe()
	}
	return f.value, f.err
}

// Value is the value; the zero value if it could not be observed.
func (f *Fact[T]) Value() T {
	value, _ := f.Get()
	return value
}

// Err is why the value could not be observed; nil if it could.
func (f *Fact[T]) Err() error {
	_, err := f.Get()
	return err
}
