package config

import (
	"fmt"
	"slices"
	"strings"
)

// didYouMean returns a hint that names the word nearest to found, or "" where none is near.
func didYouMean(found string, words []string) string {
	if word := nearest(found, words); word != "" {
		return fmt.Sprintf("did you mean %q?", word)
	}
	return ""
}

// nearest returns the word that takes the fewest edits to reach from found, the first of equals;
// "" if that is more than a third of found's length and more than one, or if found is too long
// to be a slip.
func nearest(found string, words []string) string {
	const longest = 64
	if found == "" || len(found) > longest {
		return ""
	}
	folded := strings.ToLower(strings.ReplaceAll(found, "-", "_"))
	best, least := "", max(1, len(folded)/3)+1
	for _, word := range words {
		d := distance(folded, strings.ToLower(word))
		if d < least {
			best, least = word, d
		}
	}
	if best != "" {
		return best
	}
	// More or less of the word: "warning" for "warn", "upbit-kr" for "upbit".
	for _, word := range words {
		if short, long := min(len(folded), len(word)), max(len(folded), len(word)); short >= 3 && short*2 >= long &&
			strings.EqualFold(folded[:short], word[:short]) {
			return word
		}
	}
	// A part of one word only: "files_max" for "max_files", "url" for "rest_url".
	parts := strings.Split(folded, "_")
	slices.Sort(parts)
	for _, word := range words {
		its := strings.Split(strings.ToLower(word), "_")
		slices.Sort(its)
		if slices.Equal(parts, its) || len(folded) >= 3 && strings.HasSuffix(word, "_"+folded) {
			return word
		}
	}
	return ""
}

// distance counts the insertions, deletions, replacements and swaps of neighbours that turn a
// into b (optimal string alignment), in bytes.
func distance(a, b string) int {
	before := make([]int, len(b)+1) // the row of a[:i-2]
	above := make([]int, len(b)+1)  // of a[:i-1]
	row := make([]int, len(b)+1)    // of a[:i]
	for j := range above {
		above[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			change := 1
			if a[i-1] == b[j-1] {
				change = 0
			}
			row[j] = min(above[j]+1, row[j-1]+1, above[j-1]+change)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, above, row = above, row, before
	}
	return above[len(b)]
}

// oneOf writes a choice for people: "a", "a or b", "a, b or c".
func oneOf(words []string) string {
	switch len(words) {
	case 0:
		return ""
	case 1:
		return words[0]
	}
	return strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
}
