// A careful exporter in Go: net/http, 64 requests at once, client_golang. A peer of the benchmark.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

type node struct {
	ID       string           `json:"id"`
	Name     string           `json:"name"`
	State    string           `json:"state"`
	Elapsed  float64          `json:"elapsed_time"`
	Retry    float64          `json:"retry"`
	Children map[string]*node `json:"children"`
}

type answer struct {
	Result bool  `json:"result"`
	Data   *node `json:"data"`
}

var (
	states  = []string{"CREATED", "PENDING", "RUNNING", "SUSPENDED", "FAILED", "REVOKED", "FINISHED", "EXPIRED", "UNKNOWN"}
	up      = prometheus.NewDesc("bk_task_up", "up", []string{"task_id"}, nil)
	state   = prometheus.NewDesc("bk_task_state", "state", []string{"task_id", "state"}, nil)
	elapsed = prometheus.NewDesc("bk_task_elapsed_seconds", "elapsed", []string{"task_id"}, nil)
	nodes   = prometheus.NewDesc("bk_task_nodes", "nodes", []string{"task_id", "state"}, nil)
	single  = prometheus.NewDesc("bk_task_node_state", "node", []string{"task_id", "node_id", "node_name", "state"}, nil)
	took    = prometheus.NewDesc("bk_task_node_elapsed_seconds", "node elapsed", []string{"task_id", "node_id", "node_name"}, nil)
)

type tasks struct {
	url    string
	count  int
	client *http.Client
}

func (t tasks) Describe(out chan<- *prometheus.Desc) {
	for _, desc := range []*prometheus.Desc{up, state, elapsed, nodes, single, took} {
		out <- desc
	}
}

func (t tasks) one(id string) (*node, error) {
	response, err := t.client.Get(fmt.Sprintf("%s/get_task_status/%s/2/", t.url, id))
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	var read answer
	if err := json.Unmarshal(body, &read); err != nil || !read.Result {
		return nil, fmt.Errorf("no good answer: %v", err)
	}
	return read.Data, nil
}

func gauge(out chan<- prometheus.Metric, desc *prometheus.Desc, value float64, labels ...string) {
	out <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, labels...)
}

func is(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}

func (t tasks) Collect(out chan<- prometheus.Metric) {
	slots := make(chan struct{}, 64)
	var all sync.WaitGroup
	for number := 1; number <= t.count; number++ {
		all.Add(1)
		go func(id string) {
			defer all.Done()
			slots <- struct{}{}
			root, err := t.one(id)
			<-slots
			gauge(out, up, is(err == nil), id)
			if err != nil {
				return
			}
			counts := map[string]float64{}
			for key, child := range root.Children {
				counts[child.State]++
				gauge(out, single, 1, id, key, child.Name, child.State)
				gauge(out, took, child.Elapsed, id, key, child.Name)
			}
			gauge(out, elapsed, root.Elapsed, id)
			for _, word := range states {
				gauge(out, state, is(word == root.State), id, word)
				gauge(out, nodes, counts[word], id, word)
			}
		}(strconv.Itoa(number))
	}
	all.Wait()
}

func main() {
	count, _ := strconv.Atoi(os.Args[2])
	transport := &http.Transport{MaxIdleConnsPerHost: 64, MaxConnsPerHost: 64}
	registry := prometheus.NewRegistry()
	registry.MustRegister(tasks{os.Args[1], count, &http.Client{Transport: transport}})
	http.Handle("/metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	if err := http.ListenAndServe("127.0.0.1:"+os.Args[3], nil); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
