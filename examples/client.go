// Adds a document, and searches for it as soon as it is found: go run client.go http://localhost:8080 http://localhost:9090
package main

import (
	"encoding/json"
	"io"
	"log"
	"net/http"
	"os"
	"strings"
)

func call(request *http.Request) []byte {
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		log.Fatal(err)
	}
	body, _ := io.ReadAll(answer.Body)
	if answer.StatusCode != 200 {
		log.Fatalf("%s: %s", answer.Status, body)
	}
	return body
}

func main() {
	search, intake := os.Args[1], os.Args[2]
	lamp := `{"url": "https://example.org/go", "title": "Desk lamp", "text": "A lamp for a desk."}`
	request, _ := http.NewRequest("POST", intake+"/documents", strings.NewReader(lamp))
	request.Header.Set("Authorization", "Bearer "+os.Getenv("LIGHTSHIP_TOKEN"))
	var stored struct{ Position string }
	json.Unmarshal(call(request), &stored)
	request, _ = http.NewRequest("GET", search+"/search?format=text&q=desk+lamp&min_position="+stored.Position, nil)
	os.Stdout.Write(call(request))
}
