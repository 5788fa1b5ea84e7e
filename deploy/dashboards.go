package deploy

import (
	"encoding/json"
	"fmt"
)

// panel is one graph or figure of a dashboard.
type panel struct {
	title, about string
	kind         string // timeseries (default), stat, table, heatmap
	unit         string // Grafana's name of the unit
	queries      []query
	width        int // of 24; 0: 8
	thresholds   []float64
}

type query struct{ expr, legend string }

// dashboard is one page.
type dashboard struct {
	uid, title, about string
	rows              []row
}

type row struct {
	title  string
	panels []panel
}

// Dashboards returns each dashboard's file by its name under grafana/.
func Dashboards() (map[string][]byte, error) {
	files := make(map[string][]byte, len(dashboards))
	for _, d := range dashboards {
		text, err := json.MarshalIndent(d.render(), "", "  ")
		if err != nil {
			return nil, err
		}
		files[d.uid+".json"] = append(text, '\n')
	}
	return files, nil
}

const instance = `instance=~"$instance"`

// q fills in the instance that the reader chose; %i stands for it.
func q(expr, legend string) query { return query{expr, legend} }

var dashboards = []dashboard{
	{"maru-overview", "Maru overview", "What needs attention, over all nodes.", []row{
		{"Now", []panel{
			{title: "Nodes up", kind: "stat", width: 4, thresholds: []float64{0, 1}, queries: []query{q(`sum(up{job="maru",%i})`, "")}},
			{title: "Accounts halted", kind: "stat", width: 4, thresholds: []float64{0, -1}, queries: []query{q(`sum(maru_order_halted{%i})`, "")}},
			{title: "Orders of unknown outcome", kind: "stat", width: 4, thresholds: []float64{0, -1}, queries: []query{q(`sum(maru_order_orders{status="unknown",%i})`, "")}},
			{title: "Instruments", kind: "stat", width: 4, queries: []query{q(`sum(maru_state_instruments{%i})`, "")}},
			{title: "Not trusted", kind: "stat", width: 4, thresholds: []float64{0, -1}, queries: []query{q(`sum(maru_state_untrusted_instruments{%i})`, "")}},
			{title: "Alerts firing", kind: "stat", width: 4, thresholds: []float64{0, -1}, queries: []query{q(`count(ALERTS{alertstate="firing"}) or vector(0)`, "")}},
		}},
		{"Flow", []panel{
			{title: "Ticks", unit: "ops", queries: []query{q(`sum by (instance) (rate(maru_state_events_total{%i}[1m]))`, "{{instance}}")}},
			{title: "Class changes", unit: "ops", queries: []query{q(`sum by (engine) (rate(maru_classifier_changes_total{%i}[1m]))`, "{{engine}}")}},
			{title: "Intents", unit: "ops", queries: []query{q(`sum by (strategy) (rate(maru_strategy_intents_total{%i}[1m]))`, "{{strategy}}")}},
			{title: "Tick to decision", unit: "s", queries: quantiles("maru_tick_to_decision_duration_seconds")},
			{title: "Tick to order", unit: "s", queries: quantiles("maru_tick_to_order_duration_seconds")},
			{title: "Fills", unit: "ops", queries: []query{q(`sum by (account) (rate(maru_order_events_total{action="fill",%i}[1m]))`, "{{account}}")}},
		}},
		{"The machine", []panel{
			{title: "Processor", unit: "percentunit", queries: []query{q(`rate(process_cpu_seconds_total{job="maru",%i}[1m])`, "{{instance}}")}},
			{title: "Memory", unit: "bytes", queries: []query{q(`process_resident_memory_bytes{job="maru",%i}`, "{{instance}}")}},
			{title: "Open files", queries: []query{q(`process_open_fds{job="maru",%i}`, "{{instance}}")}},
		}},
	}},
	{"maru-feeds", "Maru feeds", "What venues send, and whether it can be believed.", []row{
		{"Venues", []panel{
			{title: "Age of the newest frame", about: "Quiet markets send little; a straight line upwards is a dead feed.", unit: "s",
				queries: []query{q(`time() - maru_feeder_last_frame_timestamp_seconds{%i}`, "{{venue}}")}},
			{title: "Connections", queries: []query{q(`sum by (venue) (maru_feeder_connections{%i})`, "{{venue}}")}},
			{title: "Dialed again", queries: []query{q(`sum by (venue) (increase(maru_feeder_reconnects_total{%i}[5m]))`, "{{venue}}")}},
			{title: "Frames", unit: "ops", queries: []query{q(`sum by (venue) (rate(maru_feeder_frames_total{%i}[1m]))`, "{{venue}}")}},
			{title: "Bytes", unit: "Bps", queries: []query{q(`sum by (venue) (rate(maru_feeder_frame_bytes_total{%i}[1m]))`, "{{venue}}")}},
			{title: "Messages", unit: "ops", queries: []query{q(`sum by (venue, type) (rate(maru_feeder_messages_total{%i}[1m]))`, "{{venue}} {{type}}")}},
		}},
		{"Trust", []panel{
			{title: "Gaps", queries: []query{q(`sum by (venue) (increase(maru_feeder_gaps_total{%i}[5m]))`, "{{venue}}")}},
			{title: "Checksums that failed", queries: []query{q(`sum by (venue) (increase(maru_feeder_checksums_total{outcome="failed",%i}[5m]))`, "{{venue}}")}},
			{title: "Made whole again", queries: []query{q(`sum by (venue, reason) (increase(maru_feeder_resyncs_total{%i}[5m]))`, "{{venue}} {{reason}}")}},
			{title: "Snapshots asked for", queries: []query{q(`sum by (venue, outcome) (increase(maru_feeder_snapshots_total{%i}[5m]))`, "{{venue}} {{outcome}}")}},
			{title: "Dead letters", queries: []query{q(`sum by (venue, reason) (increase(maru_feeder_dead_letters_total{%i}[5m]))`, "{{venue}} {{reason}}")}},
			{title: "Instruments not trusted", queries: []query{q(`sum by (instance) (maru_state_untrusted_instruments{%i})`, "{{instance}}")}},
		}},
		{"Limits", []panel{
			{title: "Permits", unit: "ops", queries: []query{q(`sum by (venue, use) (rate(maru_budget_permits_total{%i}[1m]))`, "{{venue}} {{use}}")}},
			{title: "Waiting for a permit", queries: []query{q(`maru_budget_waiting_permits{%i}`, "{{instance}}")}},
			{title: "Penalties", queries: []query{q(`sum by (venue) (increase(maru_budget_penalties_total{%i}[1h]))`, "{{venue}}")}},
		}},
	}},
	{"maru-actors", "Maru actors", "Queues, failures and restarts.", []row{
		{"Queues", []panel{
			{title: "Waiting", queries: []query{q(`topk(10, maru_mailbox_waiting_messages{%i})`, "{{actor}}")}},
			{title: "Posted", unit: "ops", queries: []query{q(`sum by (role) (rate(maru_mailbox_posted_total{%i}[1m]))`, "{{role}}")}},
			{title: "Merged", unit: "ops", queries: []query{q(`sum by (role) (rate(maru_mailbox_conflated_total{%i}[1m]))`, "{{role}}")}},
			{title: "Trades dropped", unit: "ops", queries: []query{q(`sum by (role) (rate(maru_mailbox_dropped_trades_total{%i}[1m]))`, "{{role}}")}},
			{title: "Refused", queries: []query{q(`sum by (role) (increase(maru_mailbox_refused_total{%i}[5m]))`, "{{role}}")}},
			{title: "Overloads and undelivered", queries: []query{
				q(`sum by (role) (increase(maru_mailbox_overloads_total{%i}[5m]))`, "{{role}} overloads"),
				q(`sum by (role) (increase(maru_mailbox_undelivered_total{%i}[5m]))`, "{{role}} undelivered")}},
		}},
		{"Supervision", []panel{
			{title: "Running", queries: []query{q(`sum by (role) (maru_actor_actors{%i})`, "{{role}}")}},
			{title: "Failures", queries: []query{q(`sum by (role) (increase(maru_actor_failures_total{%i}[5m]))`, "{{role}}")}},
			{title: "Restarts", queries: []query{q(`sum by (role) (increase(maru_actor_restarts_total{%i}[5m]))`, "{{role}}")}},
		}},
		{"State", []panel{
			{title: "Instruments a partition", queries: []query{q(`maru_state_instruments{%i}`, "{{instance}} {{partition}}")}},
			{title: "Bars closed", unit: "ops", queries: []query{q(`sum by (interval) (rate(maru_state_bars_total{%i}[5m]))`, "{{interval}}")}},
			{title: "Late trades, bars not stored", queries: []query{
				q(`increase(maru_state_late_trades_total{%i}[5m])`, "late trades"),
				q(`increase(maru_state_bars_dropped_total{%i}[5m])`, "bars not stored")}},
			{title: "Views judged", unit: "ops", queries: []query{q(`sum by (instance) (rate(maru_classifier_views_total{%i}[1m]))`, "{{instance}}")}},
		}},
		{"Go", []panel{
			{title: "Goroutines", queries: []query{q(`go_goroutines{job="maru",%i}`, "{{instance}}")}},
			{title: "Garbage collection, longest pause", unit: "s", queries: []query{q(`go_gc_duration_seconds{job="maru",quantile="1",%i}`, "{{instance}}")}},
			{title: "Heap in use", unit: "bytes", queries: []query{q(`go_memstats_heap_inuse_bytes{job="maru",%i}`, "{{instance}}")}},
		}},
	}},
	{"maru-orders", "Maru orders", "What became of what was decided.", []row{
		{"Accounts", []panel{
			{title: "Halted", kind: "stat", thresholds: []float64{0, -1}, queries: []query{q(`maru_order_halted{%i}`, "{{account}}")}},
			{title: "Open orders", queries: []query{q(`sum by (account, status) (maru_order_orders{%i})`, "{{account}} {{status}}")}},
			{title: "Unknown", about: "Sent, and nobody knows what became of them. They count against every limit.", thresholds: []float64{0, -1}, kind: "stat",
				queries: []query{q(`sum by (account) (maru_order_orders{status="unknown",%i})`, "{{account}}")}},
		}},
		{"Events", []panel{
			{title: "Steps", unit: "ops", width: 12, queries: []query{q(`sum by (action) (rate(maru_order_events_total{%i}[1m]))`, "{{action}}")}},
			{title: "Denied by us", width: 12, queries: []query{q(`sum by (account, code) (increase(maru_order_denied_total{%i}[5m]))`, "{{account}} {{code}}")}},
			{title: "Refused by the venue", queries: []query{q(`sum by (account) (increase(maru_order_events_total{action="reject",%i}[5m]))`, "{{account}}")}},
			{title: "Answers lost", queries: []query{q(`sum by (account) (increase(maru_order_events_total{action="lose",%i}[5m]))`, "{{account}}")}},
			{title: "Intents", unit: "ops", queries: []query{q(`sum by (strategy) (rate(maru_strategy_intents_total{%i}[1m]))`, "{{strategy}}")}},
		}},
		{"Time", []panel{
			{title: "Journal: append to durable", unit: "s", queries: quantiles("maru_journal_commit_duration_seconds")},
			{title: "Tick to decision", unit: "s", queries: quantiles("maru_tick_to_decision_duration_seconds")},
			{title: "Tick to order", unit: "s", queries: quantiles("maru_tick_to_order_duration_seconds")},
		}},
	}},
}

func quantiles(metric string) (all []query) {
	for _, p := range []string{"0.5", "0.99"} {
		all = append(all, q(fmt.Sprintf(`histogram_quantile(%s, sum by (le) (rate(%s_bucket{%%i}[5m])))`, p, metric), "p"+p[2:]))
	}
	return all
}
