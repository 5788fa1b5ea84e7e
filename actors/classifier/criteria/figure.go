package criteria

// CompileFigures is Compile of expressions that are any figure, such as what a model takes: a number, a
// duration, in seconds, or true or false, 1 and 0. Texts are refused.
func CompileFigures(env Env, texts ...string) (*Program, error) {
	g := newGraph(&env)
	g.figures = true
	return compile(g, texts)
}

// Figure returns expression i as things are now: 1 and 0 of what is true or false, NaN of what is not
// known.
func (in *Instance) Figure(i int) float64 { return in.values[in.p.roots[i].id] }
