// Standard library only; STRIPE_API_BASE is exported by `twin run`.
package customers

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
)

func call(t *testing.T, method, path string, form url.Values) (int, map[string]any) {
	t.Helper()
	request, err := http.NewRequest(method, os.Getenv("STRIPE_API_BASE")+path, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	request.SetBasicAuth("sk_test_go", "")
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	reply, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer reply.Body.Close()
	var data map[string]any
	if err := json.NewDecoder(reply.Body).Decode(&data); err != nil {
		t.Fatal(err)
	}
	return reply.StatusCode, data
}

func TestACustomerIsKept(t *testing.T) {
	_, made := call(t, "POST", "/v1/customers", url.Values{"email": {"ada@example.com"}})
	status, kept := call(t, "GET", "/v1/customers/"+made["id"].(string), nil)
	if status != 200 || kept["email"] != "ada@example.com" {
		t.Fatalf("%d %v", status, kept)
	}
}

func TestAMissingCustomer(t *testing.T) {
	if status, _ := call(t, "GET", "/v1/customers/cus_nobody", nil); status != 404 {
		t.Fatal(status)
	}
}
