package order

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/maru-trading/maru/actors/message"
)

// ClientOrderID returns the id of order number n of an account in an epoch:
// account-epoch-n, the numbers in base 36. It has at most 36 letters of a-z, A-Z, 0-9, _ and -,
// which is what the strictest venue takes (Binance spot, newClientOrderId). The same order
// always gets the same id, so no id is ever made up again after a crash.
func ClientOrderID(account message.AccountName, epoch, n uint64) message.ClientOrderID {
	b := make([]byte, 0, 36)
	b = append(b, account...)
	b = append(b, '-')
	b = strconv.AppendUint(b, epoch, 36)
	b = append(b, '-')
	b = strconv.AppendUint(b, n, 36)
	return message.ClientOrderID(b)
}

// ParseClientOrderID takes an id apart again; ok is false if it is not one of ours. It tells an
// order of another epoch, or one placed by hand, from those of this run.
func ParseClientOrderID(id message.ClientOrderID) (account message.AccountName, epoch, n uint64, ok bool) {
	parts := strings.Split(string(id), "-")
	if len(parts) != 3 || !validAccount(message.AccountName(parts[0])) {
		return "", 0, 0, false
	}
	epoch, err := strconv.ParseUint(parts[1], 36, 64)
	if err != nil || epoch < 1 || epoch > epochMax {
		return "", 0, 0, false
	}
	n, err = strconv.ParseUint(parts[2], 36, 64)
	if err != nil || n < 1 || n > orderMax {
		return "", 0, 0, false
	}
	account = message.AccountName(parts[0])
	// One order, one spelling: leading zeros and capitals are someone else's.
	return account, epoch, n, ClientOrderID(account, epoch, n) == id
}

func validAccount(name message.AccountName) bool {
	if len(name) < 1 || len(name) > accountMax {
		return false
	}
	for i := range len(name) {
		c := name[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '_' {
			return false
		}
	}
	return true
}

// checkCount fails where an account has used up its order numbers, which takes 10^15 orders.
func checkCount(n uint64) error {
	if n > orderMax {
		return fmt.Errorf("order: order number %d is beyond %d: begin a new account", n, uint64(orderMax))
	}
	return nil
}
