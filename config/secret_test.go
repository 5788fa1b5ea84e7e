package config

import (
	"encoding/json"
	"strings"
	"testing"
)

const hidden = "hunter2-of-somebody"

func TestFaultsHoldNoSecrets(t *testing.T) {
	for _, text := range []string{
		"[[account]]\napi_key = \"" + hidden + "\"\n",
		"[[account]]\napi_key = " + hidden + "\n",
		"[[account]]\napi_key = [\"" + hidden + "\"\n",
		"[[account]]\n\"api_secret\" = \"" + hidden + "\n",
		"[[account]]\napi_secret = '''\n" + hidden + "\n",
		"[account]\nsecret." + "x = \"" + hidden + "\"\n",
		"[account.api_key]\nvalue = \"" + hidden + "\"\n",
		"api_key = \"" + hidden + "\"\n",
		"[http]\ntoken = \"" + hidden + "\"\n",
		"[[account]]\napi_key_env = \"" + hidden + "\"\n",
		"[[account]]\napi_key_env = [\"" + hidden + "\"]\n",
		"[[venue]]\nname = \"upbit\"\nwebsocket_url = \"wss://x:" + hidden + "@a\"\n",
		"[[venue]]\nname = \"upbit\"\nrest_url = \"https://a?key=" + hidden + "#x\"\n",
		"[[account]]\n[account.balance]\napi_key = \"" + hidden + "\"\n",
		"[limits]\npasswrd = \"" + hidden + "\"\n",
	} {
		_, err := Parse([]byte(text), "")
		if err == nil {
			t.Errorf("no fault in\n%s", text)
			continue
		}
		data, _ := json.Marshal(err)
		if strings.Contains(err.Error(), hidden) || strings.Contains(string(data), hidden) {
			t.Errorf("%v\nin\n%s", err, text)
		}
	}
}

func TestLooksSecret(t *testing.T) {
	for name, want := range map[string]bool{
		"api_key": true, "apiKey": true, "key": true, "API-SECRET": true, "token": true, "password": true, "db_password": true,
		"access_token": true, "passphrase": true, "api_key_env": false, "token_file": false, "name": false, "monkey": false,
		"keyboard": false, "secretary": false, "max_files": false, "file": false,
	} {
		if got := looksSecret(name); got != want {
			t.Errorf("looksSecret(%q) = %t", name, got)
		}
	}
}
