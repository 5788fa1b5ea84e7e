// Package telemetry names every metric of Maru in one place. Actors' shells count through it;
// cores know nothing of it. docs/metrics.md is written from it.
//
// Names are maru_<subsystem>_<what>_<unit>[_total] in base units, and every label has a bounded
// set of values: names from the configuration or from a closed list in the code.
package telemetry

import (
	"runtime"
	"runtime/debug"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// Metrics are a node's metrics. Make them with New.
type Metrics struct {
	registry *prometheus.Registry

	FeederFrames      *prometheus.CounterVec // by venue
	FeederBytes       *prometheus.CounterVec // by venue
	FeederMessages    *prometheus.CounterVec // by venue and type; books as book_snapshot and book_update
	FeederDeadLetters *prometheus.CounterVec // by venue and reason
	FeederReconnects  *prometheus.CounterVec // by venue
	FeederConnected   *prometheus.GaugeVec   // by venue
	FeederGaps        *prometheus.CounterVec // by venue
	FeederResyncs     *prometheus.CounterVec // by venue and reason (crossed, no_snapshot, restart, other)
	FeederSkipped     *prometheus.CounterVec // by venue
	FeederSnapshots   *prometheus.CounterVec // by venue and outcome (ok, failed)
	FeederChecksums   *prometheus.CounterVec // by venue and outcome (ok, failed)
	FeederLastFrame   *prometheus.GaugeVec   // by venue, seconds since 1970

	BudgetPermits   *prometheus.CounterVec // by venue and use
	BudgetPenalties *prometheus.CounterVec // by venue
	BudgetWaiting   prometheus.Gauge

	StateEvents      prometheus.Counter
	StateInstruments *prometheus.GaugeVec // by partition
	StateUntrusted   *prometheus.GaugeVec // by partition
	StateLateTrades  prometheus.Counter
	StateBars        *prometheus.CounterVec // by interval
	StateBarsLost    prometheus.Counter

	ClassifierViews   prometheus.Counter
	ClassifierChanges *prometheus.CounterVec // by engine
	ClassifierLoads   *prometheus.CounterVec // by engine and outcome (loaded, unchanged, refused, failed)
	ClassifierLoaded  *prometheus.GaugeVec   // by engine

	StrategyIntents *prometheus.CounterVec // by strategy

	ProgramRunning   *prometheus.GaugeVec   // by strategy
	ProgramFailures  *prometheus.CounterVec // by strategy and reason (strategy.FailureCodes, other)
	ProgramLines     *prometheus.CounterVec // by strategy and direction (in, out)
	ProgramConflated *prometheus.CounterVec // by strategy
	ProgramRefused   *prometheus.CounterVec // by strategy and code (strategy.Refusals)

	OrderEvents *prometheus.CounterVec // by account and action
	OrderDenied *prometheus.CounterVec // by account and code
	OrderOpen   *prometheus.GaugeVec   // by account and status
	OrderHalted *prometheus.GaugeVec   // by account

	JournalCommits prometheus.Histogram

	TickToDecision prometheus.Histogram
	TickToOrder    prometheus.Histogram

	HTTPRefused *prometheus.CounterVec // by reason

	ActorFailures *prometheus.CounterVec // by role
	ActorRestarts *prometheus.CounterVec // by role
	Actors        *prometheus.GaugeVec   // by role
}

// New makes the metrics and registers them, with Go's own, on a registry of their own.
func New(version string) *Metrics {
	r := prometheus.NewRegistry()
	r.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m := &Metrics{
		registry: r,

		FeederFrames:      counterVec(r, "maru_feeder_frames_total", "Frames received from a venue.", "venue"),
		FeederBytes:       counterVec(r, "maru_feeder_frame_bytes_total", "Bytes of the frames received from a venue.", "venue"),
		FeederMessages:    counterVec(r, "maru_feeder_messages_total", "Messages decoded from a venue's frames and snapshots.", "venue", "type"),
		FeederDeadLetters: counterVec(r, "maru_feeder_dead_letters_total", "Frames that could not be decoded.", "venue", "reason"),
		FeederReconnects:  counterVec(r, "maru_feeder_reconnects_total", "Connections to a venue that ended and were dialed again.", "venue"),
		FeederConnected:   gaugeVec(r, "maru_feeder_connections", "Connections to a venue that are up.", "venue"),
		FeederGaps:        counterVec(r, "maru_feeder_gaps_total", "Order books that missed an update.", "venue"),
		FeederResyncs:     counterVec(r, "maru_feeder_resyncs_total", "Order books that a partition did not believe and asked to be made whole anew.", "venue", "reason"),
		FeederSkipped:     counterVec(r, "maru_feeder_skipped_updates_total", "Order book updates older than the book they came for.", "venue"),
		FeederSnapshots:   counterVec(r, "maru_feeder_snapshots_total", "Order book snapshots asked for.", "venue", "outcome"),
		FeederChecksums:   counterVec(r, "maru_feeder_checksums_total", "Order book checksums of a venue that were compared.", "venue", "outcome"),
		FeederLastFrame:   gaugeVec(r, "maru_feeder_last_frame_timestamp_seconds", "When the last frame of a venue arrived.", "venue"),

		BudgetPermits:   counterVec(r, "maru_budget_permits_total", "Permits given to use a venue.", "venue", "use"),
		BudgetPenalties: counterVec(r, "maru_budget_penalties_total", "Times that a venue wanted to be left alone (HTTP 418, 429).", "venue"),
		BudgetWaiting:   gauge(r, "maru_budget_waiting_permits", "Permits that are waited for."),

		StateEvents:      counter(r, "maru_state_events_total", "Events that state partitions worked through."),
		StateInstruments: gaugeVec(r, "maru_state_instruments", "Instruments that a state partition holds.", "partition"),
		StateUntrusted:   gaugeVec(r, "maru_state_untrusted_instruments", "Instruments whose data is not trusted now.", "partition"),
		StateLateTrades:  counter(r, "maru_state_late_trades_total", "Trades that came after their bar was closed."),
		StateBars:        counterVec(r, "maru_state_bars_total", "Bars closed.", "interval"),
		StateBarsLost:    counter(r, "maru_state_bars_dropped_total", "Closed bars that the store could not take in time."),

		ClassifierViews:   counter(r, "maru_classifier_views_total", "Views judged."),
		ClassifierChanges: counterVec(r, "maru_classifier_changes_total", "Instruments that changed their class.", "engine"),
		ClassifierLoads:   counterVec(r, "maru_classifier_loads_total", "Looks for a new version of an engine's file.", "engine", "outcome"),
		ClassifierLoaded:  gaugeVec(r, "maru_classifier_engine_loaded", "1 while an engine that comes from a file has one.", "engine"),

		StrategyIntents: counterVec(r, "maru_strategy_intents_total", "Order intents.", "strategy"),

		ProgramRunning:   gaugeVec(r, "maru_program_running", "1 while the program of an external strategy runs.", "strategy"),
		ProgramFailures:  counterVec(r, "maru_program_failures_total", "Times that the program of an external strategy ended, or had to be ended.", "strategy", "reason"),
		ProgramLines:     counterVec(r, "maru_program_lines_total", "Lines said by the program of an external strategy (in), and to it (out).", "strategy", "direction"),
		ProgramConflated: counterVec(r, "maru_program_conflated_total", "Lines of market data that a newer one replaced before the program read them.", "strategy"),
		ProgramRefused:   counterVec(r, "maru_program_refused_total", "Lines of a program that led to nothing.", "strategy", "code"),

		OrderEvents: counterVec(r, "maru_order_events_total", "Steps in the lives of orders.", "account", "action"),
		OrderDenied: counterVec(r, "maru_order_denied_total", "Intents that we refused.", "account", "code"),
		OrderOpen:   gaugeVec(r, "maru_order_orders", "Orders that are not final.", "account", "status"),
		OrderHalted: gaugeVec(r, "maru_order_halted", "1 while an account takes no intents.", "account"),

		JournalCommits: histogram(r, "maru_journal_commit_duration_seconds", "From append to durable.", prometheus.ExponentialBuckets(20e-6, 2, 16)),

		TickToDecision: histogram(r, "maru_tick_to_decision_duration_seconds", "From a frame's arrival to the class change it caused; live data only.", prometheus.ExponentialBuckets(5e-6, 2, 18)),
		TickToOrder:    histogram(r, "maru_tick_to_order_duration_seconds", "From a frame's arrival to the order it caused leaving for the venue; live data only.", prometheus.ExponentialBuckets(5e-6, 2, 18)),

		HTTPRefused: counterVec(r, "maru_http_refused_total", "Requests that were refused before they were read: a foreign host or origin, no token or a wrong one, no JSON, too long, no token configured.", "reason"),

		ActorFailures: counterVec(r, "maru_actor_failures_total", "Panics of actors.", "role"),
		ActorRestarts: counterVec(r, "maru_actor_restarts_total", "Actors begun anew after a panic.", "role"),
		Actors:        gaugeVec(r, "maru_actor_actors", "Actors running.", "role"),
	}
	revision := "unknown"
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				revision = s.Value
			}
		}
	}
	gaugeVec(r, "maru_build_info", "The build: always 1.", "version", "revision", "go").
		WithLabelValues(version, revision, runtime.Version()).Set(1)
	return m
}

// Registry returns where the metrics are registered, for /metrics.
func (m *Metrics) Registry() *prometheus.Registry { return m.registry }

func counter(r *prometheus.Registry, name, help string) prometheus.Counter {
	c := prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
	r.MustRegister(c)
	return c
}

func counterVec(r *prometheus.Registry, name, help string, labels ...string) *prometheus.CounterVec {
	c := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	r.MustRegister(c)
	return c
}

func gauge(r *prometheus.Registry, name, help string) prometheus.Gauge {
	g := prometheus.NewGauge(prometheus.GaugeOpts{Name: name, Help: help})
	r.MustRegister(g)
	return g
}

func gaugeVec(r *prometheus.Registry, name, help string, labels ...string) *prometheus.GaugeVec {
	g := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, labels)
	r.MustRegister(g)
	return g
}

func histogram(r *prometheus.Registry, name, help string, buckets []float64) prometheus.Histogram {
	h := prometheus.NewHistogram(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets})
	r.MustRegister(h)
	return h
}
