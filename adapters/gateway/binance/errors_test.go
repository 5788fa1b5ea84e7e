package binance

import "testing"

func TestVerdicts(t *testing.T) {
	for _, c := range []struct {
		f    fault
		want verdict
	}{
		{fault{400, -1013, "Filter failure: LOT_SIZE"}, refused},
		{fault{400, -1111, "Parameter 'price' has too much precision."}, refused},
		{fault{400, -1021, "Timestamp for this request is outside of the recvWindow."}, refused},
		{fault{400, -1022, "Signature for this request is not valid."}, refused},
		{fault{400, -1121, "Invalid symbol."}, refused},
		{fault{400, -2010, "Account has insufficient balance for requested action."}, refused},
		{fault{400, -2011, "Unknown order sent."}, refused},
		{fault{401, -2015, "Invalid API-key, IP, or permissions for action."}, refused},
		{fault{429, -1003, "Too much request weight used"}, refused},
		{fault{418, 0, ""}, refused},
		{fault{429, 0, ""}, refused},
		{fault{400, -2038, "Order amend (quantity increase) is not supported."}, refused},
		// The venue does not know, or does not say, or says something that is not in the table.
		{fault{400, -1000, "An unknown error occurred while processing the request."}, unsure},
		{fault{400, -1001, "Internal error; unable to process your request. Please try again."}, unsure},
		{fault{400, -1006, "An unexpected response was received from the message bus. Execution status unknown."}, unsure},
		{fault{400, -1007, "Timeout waiting for response from backend server."}, unsure},
		{fault{400, -1008, "Server is currently overloaded"}, unsure},
		{fault{400, -1016, "This service is no longer available."}, unsure},
		{fault{400, -9999, "?"}, unsure},
		{fault{400, 0, ""}, unsure},
		{fault{403, 0, ""}, unsure},
		// Sent once and there twice: the first may be alive.
		{fault{400, -2010, "Duplicate order sent."}, unsure},
	} {
		if got := c.f.verdict(); got != c.want {
			t.Errorf("%d %v: %v, want %v", c.f.status, c.f, got, c.want)
		}
	}
	if got := (fault{400, -2010, "Account has insufficient balance"}).Error(); got != "-2010: Account has insufficient balance" {
		t.Error(got)
	}
}
