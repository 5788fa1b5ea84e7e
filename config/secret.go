package config

import "strings"

// secretWords are what the name of a key that holds a secret is made of.
var secretWords = []string{"secret", "password", "passwd", "passphrase", "token", "credential", "credentials",
	"apikey", "key", "privatekey", "seedphrase", "mnemonic", "jwt", "signature"}

// looksSecret reports whether a key of that name would hold a secret, and not the place of one.
func looksSecret(name string) bool {
	words := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return r == '_' || r == '-' || r == '.' || r == ' ' })
	if len(words) > 1 {
		switch words[len(words)-1] {
		case "env", "file":
			return false
		}
	}
	for _, word := range words {
		for _, secret := range secretWords {
			if word == secret || len(secret) > 3 && strings.HasSuffix(word, secret) {
				return true
			}
		}
	}
	return false
}
