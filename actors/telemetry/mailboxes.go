package telemetry

import (
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/maru-trading/maru/actors/system"
)

// Mailboxes reports the counters of all mailboxes, one row a mailbox, when they are asked for.
type Mailboxes struct {
	mu    sync.Mutex
	boxes []mailbox
}

type mailbox struct {
	name, role string
	stats      *system.MailboxStats
}

var (
	mailboxLabels = []string{"actor", "role"}

	waitingDesc     = prometheus.NewDesc("maru_mailbox_waiting_messages", "Messages waiting.", mailboxLabels, nil)
	postedDesc      = prometheus.NewDesc("maru_mailbox_posted_total", "Messages offered.", mailboxLabels, nil)
	conflatedDesc   = prometheus.NewDesc("maru_mailbox_conflated_total", "Messages merged into newer ones because the queue was full.", mailboxLabels, nil)
	refusedDesc     = prometheus.NewDesc("maru_mailbox_refused_total", "Intents given back because the queue was full.", mailboxLabels, nil)
	overloadsDesc   = prometheus.NewDesc("maru_mailbox_overloads_total", "Times that messages which are never dropped passed the limit.", mailboxLabels, nil)
	undeliveredDesc = prometheus.NewDesc("maru_mailbox_undelivered_total", "Messages left over, or arriving, when the actor had stopped.", mailboxLabels, nil)
	lostTradesDesc  = prometheus.NewDesc("maru_mailbox_dropped_trades_total", "Trades dropped because the queue was full.", mailboxLabels, nil)
)

// Mailboxes adds a collector for mailboxes to the registry.
func (m *Metrics) Mailboxes() *Mailboxes {
	c := new(Mailboxes)
	m.registry.MustRegister(c)
	return c
}

// Add reports a mailbox from now on.
func (c *Mailboxes) Add(actor, role string, stats *system.MailboxStats) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.boxes = append(c.boxes, mailbox{actor, role, stats})
}

// Describe is part of prometheus.Collector.
func (c *Mailboxes) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{waitingDesc, postedDesc, conflatedDesc, refusedDesc, overloadsDesc, undeliveredDesc, lostTradesDesc} {
		ch <- d
	}
}

// Collect is part of prometheus.Collector.
func (c *Mailboxes) Collect(ch chan<- prometheus.Metric) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, b := range c.boxes {
		send := func(d *prometheus.Desc, t prometheus.ValueType, v float64) {
			ch <- prometheus.MustNewConstMetric(d, t, v, b.name, b.role)
		}
		send(waitingDesc, prometheus.GaugeValue, float64(b.stats.Waiting.Load()))
		send(postedDesc, prometheus.CounterValue, float64(b.stats.Posted.Load()))
		send(conflatedDesc, prometheus.CounterValue, float64(b.stats.Conflated.Load()))
		send(refusedDesc, prometheus.CounterValue, float64(b.stats.Refused.Load()))
		send(overloadsDesc, prometheus.CounterValue, float64(b.stats.Overloads.Load()))
		send(undeliveredDesc, prometheus.CounterValue, float64(b.stats.Undelivered.Load()))
		send(lostTradesDesc, prometheus.CounterValue, float64(b.stats.LostTrades.Load()))
	}
}
