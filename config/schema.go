package config

import (
	"fmt"
	"time"

	"github.com/maru-trading/maru/actors/classifier"
	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/actors/order"
	"github.com/maru-trading/maru/adapters/venue/sim"
)

// Bounds that several places know.
const (
	partitionsMax  = 256
	venuesMax      = 64
	instrumentsMax = 100_000
	enginesMax     = 256
	classesMax     = 64
	strategiesMax  = 256
	rulesMax       = 64
	accountsMax    = 64
	currenciesMax  = 256
	amountMax      = "1000000000000000" // 1e15: more money than any venue holds
	seedMax        = 1<<63 - 1          // what a TOML integer holds
	framesMax      = 1_000_000_000
	hostsMax       = 32
)

// ClassUntrusted is the class that every engine puts instruments into whose data may be wrong.
const ClassUntrusted = classifier.Untrusted

// rangeClasses are the classes of a range engine.
var rangeClasses = []message.ClassName{classifier.Below, classifier.Inside, classifier.Above}

var nodeSection = &section[Node]{
	name: "node",
	doc:  "Who this process is.",
	keys: []key[Node]{
		field("name", word[string](nameRule), func(n *Node) *string { return &n.Name },
			"Names the node in logs, metrics and messages.").orElse("the host's name, made safe", `"home"`),
		field("data_dir", file("a directory"), func(n *Node) *string { return &n.DataDir },
			"Where everything that the node keeps lies. It is made with mode 0700 and locked: a second node on it exits. Relative to this file."),
		field("partitions", whole(1, partitionsMax, "partitions"), func(n *Node) *int { return &n.Partitions },
			"State partitions. Each is one actor and holds its share of the instruments; more than there are processors gains nothing."),
	},
	defaults: func() Node { return Node{Name: hostName(), DataDir: "data", Partitions: 2} },
	finish:   finishNode,
}

var httpSection = &section[HTTP]{
	name: "http",
	doc:  "Where the node answers: /metrics, /livez, /readyz, /api/v1/. What changes something needs the control token, on this machine too (docs/operations.md).",
	keys: []key[HTTP]{
		field("listen", word[string](listenAddress), func(h *HTTP) *string { return &h.Listen },
			"Address and port; port 0 takes any free one. Others than this machine can reach it only with allow_remote."),
		field("allow_remote", truth(), func(h *HTTP) *bool { return &h.AllowRemote },
			"Lets listen name an address that other machines reach. Whoever reaches it can read prices, orders and positions; what changes something needs the control token."),
		field("hosts", list(word[string](hostRule), 1, hostsMax), func(h *HTTP) *[]string { return &h.Hosts },
			"Names under which the node may be reached besides localhost, such as that of a proxy before it. Requests under other names are refused where they could come from a page in a browser.").otherwise("none", `["maru.example.org"]`),
		field("token_file", fileOrNone("the path of a file, or \"\" for control.token in data_dir"), func(h *HTTP) *string { return &h.TokenFile },
			"File with the control token: 64 hexadecimal digits, for its owner only (mode 0600). It is made at the first start. \"\" is control.token in data_dir. Relative to this file."),
	},
	defaults: func() HTTP { return HTTP{Listen: "127.0.0.1:7070"} },
	finish:   finishHTTP,
}

var logSection = &section[Log]{
	name: "log",
	doc:  "How the node tells what it does.",
	keys: []key[Log]{
		field("level", choice("debug", "info", "warn", "error"), func(l *Log) *string { return &l.Level },
			"What is worth telling; each level holds those after it."),
		field("format", choice("text", "json"), func(l *Log) *string { return &l.Format },
			"Lines for people or for programs."),
		field("file", fileOrNone("the path of a file, or \"\" for the terminal"), func(l *Log) *string { return &l.File },
			"Where lines go; \"\" is the terminal (standard error). Relative to this file."),
		field("max_size", size(64e3, 16e9), func(l *Log) *Size { return &l.MaxSize },
			"A log file of this size is put aside and a new one begun."),
		field("max_files", whole(1, 1000, "files"), func(l *Log) *int { return &l.MaxFiles },
			"Log files that are kept, the one in use counted; the oldest goes first."),
	},
	defaults: func() Log { return Log{Level: "info", Format: "text", MaxSize: 16e6, MaxFiles: 5} },
}

var venueSection = &section[Venue]{
	name: "venue",
	doc:  "A connection to a place where instruments are traded. Repeat the table for more.",
	keys: []key[Venue]{
		field("name", word[market.Venue](nameRule), func(v *Venue) *market.Venue { return &v.Name },
			"Names the venue in every message: instrument upbit:BTC-KRW is BTC-KRW of the venue upbit. Unique.").otherwise("", `"upbit"`).need(),
		field("region", word[string](regionRule), func(v *Venue) *string { return &v.Region },
			"Where the venue is, in your words: a label in what maru check and the status show.").otherwise("none", `"korea"`),
		field("adapter", choice(adapterNames()...), func(v *Venue) *string { return &v.Adapter },
			"Which protocol it speaks.").otherwise("the name", `"upbit"`),
		field("channels", list(choiceOf(market.Channel.String, market.ChannelTicker, market.ChannelBBO, market.ChannelBook, market.ChannelTrade), 1, 4),
			func(v *Venue) *[]market.Channel { return &v.Channels },
			"What to subscribe to.").otherwise("all that the venue has; where it has no bbo, that follows from the book", `["ticker", "book", "trade"]`),
		instrumentsKey(),
		field("ticker_fields", list(choice(tickerFieldNames()...), 1, len(tickerFields)), func(v *Venue) *[]string { return &v.TickerFields },
			"Which figures of a ticker are kept; the others are dropped where tickers come in, for whoever reads them. The timestamp is always kept. A figure that an engine reads must be among them.").
			otherwise("all", `["trade_price", "acc_trade_volume_24h", "signed_change_rate"]`),
		field("websocket_url", endpoint("wss", "ws"), func(v *Venue) *string { return &v.WebSocketURL },
			"Where to connect, instead of the venue's public address.").otherwise("the adapter's own", `"wss://sg-api.upbit.com/websocket/v1"`).when(isRemote),
		field("rest_url", endpoint("https", "http"), func(v *Venue) *string { return &v.RESTURL },
			"Where to ask over HTTP (order book snapshots), instead of the venue's public address.").otherwise("the adapter's own", `"https://data-api.binance.vision"`).when(isRemote),
		field("book_levels", whole(1, 100_000, "levels a side"), func(v *Venue) *int { return &v.BookLevels },
			"How deep an order book is kept; what lies deeper is forgotten.").orElse(bookLevelsWords(), fmt.Sprint(bookLevelsDefault)),
		optional("sim", simSection, func(v *Venue) **Sim { return &v.Sim }).when(func(v *Venue) bool { return v.Adapter == adapterSim }),
		optional("replay", replaySection, func(v *Venue) **Replay { return &v.Replay }).when(isRemote),
	},
	defaults: func() Venue { return Venue{BookLevels: bookLevelsDefault} },
	finish:   finishVenue,
}

func isRemote(v *Venue) bool { return v.Adapter != adapterSim }

var simSection = &section[Sim]{
	name: "venue.sim",
	doc:  "The embedded exchange, of a venue whose adapter is sim. One seed, one history.",
	keys: []key[Sim]{
		field("seed", whole[uint64](0, seedMax, ""), func(s *Sim) *uint64 { return &s.Seed },
			"Chooses the history: the same seed gives the same events."),
		field("instruments", whole(20, sim.InstrumentsMax, "instruments"), func(s *Sim) *int { return &s.Instruments },
			"How many instruments it lists, under different tick rules."),
		field("events_per_second", whole(1, 1_000_000, "events a second"), func(s *Sim) *int { return &s.EventsPerSecond },
			"Orders added, canceled and sent to take, over all its instruments; about one and a half frames follow from each."),
	},
	defaults: func() Sim { return Sim{Seed: 1, Instruments: 24, EventsPerSecond: 200} },
}

var replaySection = &section[Replay]{
	name: "venue.replay",
	doc:  "Plays recorded sessions instead of connecting: a local server speaks as the venue did, and the same adapter code runs.",
	keys: []key[Replay]{
		field("files", list(file("the path of a .frames or .frames.gz file"), 1, 1000), func(p *Replay) *[]string { return &p.Files },
			"The sessions, merged by time. Relative to this file.").otherwise("", `["btcusdt.frames.gz"]`).need(),
		field("speed", speedKind(), func(p *Replay) *Speed { return &p.Speed },
			"Recorded seconds that pass in one: 1x as it was, max as fast as the machine goes. Results are the same at any speed."),
		field("loop", truth(), func(p *Replay) *bool { return &p.Loop },
			"Begins again at the end."),
		optional("faults", replayFaultsSection, func(p *Replay) **ReplayFaults { return &p.Faults }),
	},
	defaults: func() Replay { return Replay{Speed: 1} },
}

var replayFaultsSection = &section[ReplayFaults]{
	name: "venue.replay.faults",
	doc:  "What the replay does wrong on purpose. Counts are of frames; 0 is never. The same seed does the same wrong.",
	keys: []key[ReplayFaults]{
		field("seed", whole[uint64](0, seedMax, ""), func(f *ReplayFaults) *uint64 { return &f.Seed },
			"Chooses which frames are hit."),
		field("cut_every", whole(0, framesMax, "frames"), func(f *ReplayFaults) *int { return &f.CutEvery },
			"Breaks all connections behind every so many frames. All frames before arrive."),
		field("cut_after", whole(0, framesMax, "frames"), func(f *ReplayFaults) *int { return &f.CutAfter },
			"Breaks them once, behind so many frames."),
		field("stall_after", whole(0, framesMax, "frames"), func(f *ReplayFaults) *int { return &f.StallAfter },
			"Falls silent once, behind so many frames, without closing. Needs stall_for."),
		field("stall_for", duration(0, day), func(f *ReplayFaults) *time.Duration { return &f.StallFor },
			"How long that silence lasts. Needs stall_after."),
		field("repeat_every", whole(0, framesMax, "frames"), func(f *ReplayFaults) *int { return &f.RepeatEvery },
			"Sends one frame in so many twice, chosen by the seed."),
		field("drop_every", whole(0, framesMax, "frames"), func(f *ReplayFaults) *int { return &f.DropEvery },
			"Leaves one frame in so many out, chosen by the seed."),
		field("corrupt_every", whole(0, framesMax, "frames"), func(f *ReplayFaults) *int { return &f.CorruptEvery },
			"Cuts off the end of one frame in so many, chosen by the seed."),
	},
	defaults: func() ReplayFaults { return ReplayFaults{Seed: 1} },
	finish:   finishReplayFaults,
}

var stateSection = &section[State]{
	name: "state",
	doc:  "What the state partitions keep of each instrument.",
	keys: []key[State]{
		field("bars", list(interval, 0, len(barIntervals)), func(s *State) *[]time.Duration { return &s.Bars },
			"Bars that are built from trades, on the venue's clock; from short to long."),
		field("window_buckets", whole(2, 60, "buckets"), func(s *State) *int { return &s.WindowBuckets },
			"Buckets that a rolling window is cut into. Its edge is exact to its length divided by this; memory grows with it. Which windows there are follows from the figures that [[engine]] tables read."),
		field("partial", truth(), func(s *State) *bool { return &s.Partial },
			"Lets the figures of a window count before it was watched for its whole length. Without it they are unknown until then, and no criterion that reads them holds."),
		field("trades", whole(0, 10_000, "trades"), func(s *State) *int { return &s.Trades },
			"Last trades kept of each instrument."),
		field("late", duration(0, time.Minute), func(s *State) *time.Duration { return &s.Late },
			"How long after its end a bar waits for trades that come late."),
	},
	defaults: func() State {
		return State{Bars: []time.Duration{time.Second, time.Minute, 5 * time.Minute, time.Hour, day}, WindowBuckets: 30, Trades: 32, Late: 2 * time.Second}
	},
	finish: finishState,
}

var storeSection = &section[Store]{
	name: "store",
	doc:  "What goes to disk, and how much of it. Everything lies in data_dir.",
	keys: []key[Store]{
		field("bars", list(interval, 0, len(barIntervals)), func(s *Store) *[]time.Duration { return &s.Bars },
			"Bars that are kept once closed; each must stand in [state] bars.").otherwise("those of [state] of a minute or more", `["1m", "1h"]`),
		field("dead_letter_max_size", size(64e3, 16e9), func(s *Store) *Size { return &s.DeadLetterMaxSize },
			"A file of frames that could not be decoded is put aside at this size, and a new one begun."),
		field("dead_letter_max_files", whole(1, 1000, "files"), func(s *Store) *int { return &s.DeadLetterMaxFiles },
			"Such files that are kept, the one in use counted; the oldest goes first."),
		field("journal_segment_size", size(64e3, 1e9), func(s *Store) *Size { return &s.JournalSegmentSize },
			"A segment of the order journal ends at this size. Segments are kept: they are the account's history."),
	},
	defaults: func() Store {
		return Store{DeadLetterMaxSize: 64e6, DeadLetterMaxFiles: 4, JournalSegmentSize: 64e6}
	},
}

var engineSection = &section[Engine]{
	name: "engine",
	doc:  "What a classifier loads: it puts each instrument into exactly one class, and says so only when the class changes. Data that may be wrong is in the class untrusted. Repeat the table for more.",
	keys: []key[Engine]{
		field("name", word[message.EngineName](nameRule), func(e *Engine) *message.EngineName { return &e.Name },
			"Strategies name it. Unique.").otherwise("", `"momentum"`).need(),
		field("type", choice(engineTypes...), func(e *Engine) *string { return &e.Type },
			"criteria: the first [[engine.class]] whose criterion holds. range: below, inside or above the range low to high. model: what the trees of [engine.model] say.").otherwise("", `"criteria"`).need(),
		field("default", word[message.ClassName](nameRule), func(e *Engine) *message.ClassName { return &e.Default },
			"Class of what meets no criterion, or reaches no threshold of a model; it may be one of [[engine.class]] or [[engine.model.class]].").
			when(func(e *Engine) bool { return isCriteria(e) || isModel(e) && e.Model != nil && e.Model.byThreshold() }),
		field("feature", word[string](featureName), func(e *Engine) *string { return &e.Feature },
			"What is compared with the range.").otherwise("", `"price"`).when(isRange),
		field("low", rangeEnd(), func(e *Engine) *string { return &e.Low },
			"Lower end of the range, as it was one event before, so that a price can leave the range that its own trade widens.").otherwise("", `"min_5m"`).when(isRange),
		field("high", rangeEnd(), func(e *Engine) *string { return &e.High },
			"Upper end of the range, likewise.").otherwise("", `"max_5m"`).when(isRange),
		field("margin", number(0, 1), func(e *Engine) *float64 { return &e.Margin },
			"By which fraction of the range's width an end must be passed, in either direction, before the class changes: keeps prices at an edge from going to and fro.").when(isRange),
		entries("class", classSection, func(e *Engine) *[]Class { return &e.Classes }, classesMax).when(isCriteria),
		optional("model", modelSection, func(e *Engine) **Model { return &e.Model }).when(isModel),
	},
	defaults: func() Engine { return Engine{Default: "flat"} },
	finish:   finishEngine,
}

const (
	engineCriteria = string(classifier.Criteria)
	engineRange    = string(classifier.Range)
)

var engineTypes = []string{engineCriteria, engineRange, engineModel}

func isCriteria(e *Engine) bool { return e.Type == engineCriteria }
func isRange(e *Engine) bool    { return e.Type == engineRange }

var classSection = &section[Class]{
	name: "engine.class",
	doc:  "A class of a criteria engine. Classes are tried in the order in which they stand here. A criterion that reads a figure not yet known ends the search: put those that need long windows last.",
	keys: []key[Class]{
		field("name", word[message.ClassName](nameRule), func(c *Class) *message.ClassName { return &c.Name },
			"Rules name it. Unique within the engine.").otherwise("", `"up"`).need(),
		field("when", word[string](expression), func(c *Class) *string { return &c.When },
			"The criterion: numbers and features of the instrument with + - * /, comparisons, && || !, and abs, min, max.").otherwise("", `"change_1m > 0.001 && spread_bps < 20"`).need(),
	},
}

var strategySection = &section[Strategy]{
	name: "strategy",
	doc:  "Turns changes of class into order intents. Repeat the table for more.",
	keys: []key[Strategy]{
		field("name", word[message.StrategyName](nameRule), func(s *Strategy) *message.StrategyName { return &s.Name },
			"Names it in orders and positions. Unique.").otherwise("", `"follow"`).need(),
		field("engine", word[message.EngineName](nameRule), func(s *Strategy) *message.EngineName { return &s.Engine },
			"The [[engine]] whose classes it follows. A program needs it only for the feed classes.").otherwise("", `"momentum"`),
		field("type", choice(StrategyRules, StrategyProgram), func(s *Strategy) *string { return &s.Type },
			"rules: [[strategy.rule]] decides. program: a process of its own does, in any language (docs/strategies.md); not in a replay."),
		field("account", word[message.AccountName](nameRule), func(s *Strategy) *message.AccountName { return &s.Account },
			"The [[account]] that gets its intents.").otherwise("", `"paper"`).need(),
		field("instruments", list(instrumentKind(), 1, instrumentsMax), func(s *Strategy) *[]market.Instrument { return &s.Instruments },
			"Instruments that it trades, as venue:NAME, of the account's venue.").otherwise("all of the account's venue", `["upbit:BTC-KRW"]`),
		field("cooldown", duration(0, 7*day), func(s *Strategy) *time.Duration { return &s.Cooldown },
			"Least time between two intents of one instrument, in message time. Intents that close a position do not wait.").when(hasRules),
		field("position_max_notional", amount("0"), func(s *Strategy) *market.Amount { return &s.PositionMaxNotional },
			"Largest position of one instrument, long or short, in its quote currency at the price of the decision, working orders counted as filled. Orders are cut to what fits.").otherwise("no limit", `"1000000"`).when(hasRules),
		field("position_max_quantity", quantity("0", amountMax), func(s *Strategy) *market.Quantity { return &s.PositionMaxQuantity },
			"The same limit in base.").otherwise("no limit", `"0.5"`).when(hasRules),
		field("only_trusted", truth(), func(s *Strategy) *bool { return &s.OnlyTrusted },
			"Leaves changes alone whose data may be wrong. Orders on such data are denied in any case.").when(hasRules),
		entries("rule", ruleSection, func(s *Strategy) *[]Rule { return &s.Rules }, rulesMax).when(hasRules),
		optional("program", programSection, func(s *Strategy) **Program { return &s.Program }).when(hasProgram),
	},
	defaults: func() Strategy { return Strategy{Type: StrategyRules, Cooldown: 10 * time.Second, OnlyTrusted: true} },
	finish:   finishStrategy,
}

var ruleSection = &section[Rule]{
	name: "strategy.rule",
	doc:  "What to order when an instrument enters a class. The first rule that fits is taken; it also cancels what the strategy has working in that instrument.",
	keys: []key[Rule]{
		field("from", word[message.ClassName](nameRule), func(r *Rule) *message.ClassName { return &r.From },
			"The class it comes from.").otherwise("any", `"flat"`),
		field("to", word[message.ClassName](nameRule), func(r *Rule) *message.ClassName { return &r.To },
			"The class it enters.").otherwise("", `"up"`).need(),
		field("close", truth(), func(r *Rule) *bool { return &r.Close },
			"Ends the position that the strategy has, whichever side it is on, instead of ordering an amount."),
		field("side", choiceOf(market.Side.String, market.Buy, market.Sell), func(r *Rule) *market.Side { return &r.Side },
			"buy or sell.").otherwise("", `"buy"`).when(opens),
		field("type", choiceOf(market.OrderType.String, market.Market, market.Limit), func(r *Rule) *market.OrderType { return &r.Type },
			"market takes what is there; limit waits at a price."),
		field("notional", amount("0.00000001"), func(r *Rule) *market.Amount { return &r.Notional },
			"How much to order, in quote currency; the quantity follows from the price.").otherwise("none: quantity says it", `"100000"`).when(opens),
		field("quantity", quantity("0.000000000000000001", amountMax), func(r *Rule) *market.Quantity { return &r.Quantity },
			"How much to order, in base.").otherwise("none: notional says it", `"0.01"`).when(opens),
		field("offset_bps", whole(-5000, 5000, "basis points of 0.01 %"), func(r *Rule) *int { return &r.OffsetBPS },
			"Of limit orders: how far behind the best price of their own side they wait; below 0 they pay up, and may cross.").when(isLimit),
		field("time_in_force", choiceOf(market.TimeInForce.String, market.GTC, market.IOC, market.FOK), func(r *Rule) *market.TimeInForce { return &r.TimeInForce },
			"gtc until canceled, ioc what fills at once, fok all at once or nothing."),
	},
	defaults: func() Rule { return Rule{Type: market.Market, TimeInForce: market.GTC} },
	finish:   finishRule,
}

func opens(r *Rule) bool   { return !r.Close }
func isLimit(r *Rule) bool { return r.Type == market.Limit }

var accountSection = &section[Account]{
	name: "account",
	doc:  "What orders are given to. Repeat the table for more.",
	keys: []key[Account]{
		field("name", word[message.AccountName](accountName), func(a *Account) *message.AccountName { return &a.Name },
			"Strategies name it, and it is part of every client order id. Unique.").otherwise("", `"paper"`).need(),
		field("venue", word[market.Venue](nameRule), func(a *Account) *market.Venue { return &a.Venue },
			"The [[venue]] where it is; instruments of others are denied.").otherwise("the venue, where there is only one", `"upbit"`),
		field("mode", choice(ModePaper, ModeLive), func(a *Account) *string { return &a.Mode },
			"paper: orders are filled here, against the live order book. live: orders go to the venue, with real money; it needs keys."),
		field("latency", duration(0, time.Minute), func(a *Account) *time.Duration { return &a.Latency },
			"How long a paper order takes to the venue: it meets the first quote at or after the decision plus this."),
		field("maker_fee", fraction("-0.01", "0.1"), func(a *Account) *market.Decimal { return &a.MakerFee },
			"Fee of a fill that rested in the book, as a fraction of its notional; below 0 it is paid to us."),
		field("taker_fee", fraction("-0.01", "0.1"), func(a *Account) *market.Decimal { return &a.TakerFee },
			"Fee of a fill that took from the book, as a fraction of its notional."),
		field("api_key_env", word[string](variable), func(a *Account) *string { return &a.APIKey.Env },
			"Environment variable that holds the access key of a live account. The key must not be able to withdraw.").otherwise("none", `"UPBIT_ACCESS_KEY"`),
		field("api_key_file", file("the path of a file"), func(a *Account) *string { return &a.APIKey.File },
			"File that holds it, instead of api_key_env, readable by its owner alone (mode 0600). Relative to this file.").otherwise("none", `"keys/upbit.access"`),
		field("api_secret_env", word[string](variable), func(a *Account) *string { return &a.APISecret.Env },
			"Environment variable that holds the secret key of a live account, or its private key in PEM.").otherwise("none", `"UPBIT_SECRET_KEY"`),
		field("api_secret_file", file("the path of a file"), func(a *Account) *string { return &a.APISecret.File },
			"File that holds it, instead of api_secret_env, readable by its owner alone (mode 0600). Relative to this file.").otherwise("none", `"keys/upbit.secret"`),
		field("rest_url", endpoint("https", "http"), func(a *Account) *string { return &a.RESTURL },
			"Base address of the private API of a live account; plain http only on this machine.").otherwise("the venue's own", `"https://testnet.binance.vision"`),
		field("websocket_url", endpoint("wss", "ws"), func(a *Account) *string { return &a.WebSocketURL },
			"Address of the private stream of a live account; plain ws only on this machine.").otherwise("the venue's own", `"wss://ws-api.testnet.binance.vision/ws-api/v3"`),
		field("reconcile_every", duration(0, 24*time.Hour), func(a *Account) *time.Duration { return &a.ReconcileEvery },
			"How often orders, fills and balances are compared with the venue's while nothing calls for it; \"0s\" is never. It is done at the start, after every cut and while something is unknown in any case."),
		field("on_difference", choice(string(order.Adjust), string(order.HaltDifference)), func(a *Account) *string { return &a.OnDifference },
			"What follows when the venue has another balance than our books, as after a deposit: adjust notes it and goes on, halt notes it and waits for maru resume."),
		field("queue_position", truth(), func(a *Account) *bool { return &a.QueuePosition },
			"Lets a resting paper order fill at its own price only once what stood in front of it has traded."),
		balanceKey(),
		single("risk", riskSection, func(a *Account) *Risk { return &a.Risk }),
	},
	defaults: func() Account {
		half := market.MustDecimal("0.0005")
		return Account{Risk: riskSection.defaults(), ReconcileEvery: time.Minute, OnDifference: string(order.Adjust), QueuePosition: true, Mode: ModePaper, Latency: 20 * time.Millisecond, MakerFee: half, TakerFee: half}
	},
	finish: finishAccount,
}

var limitsSection = &section[Limits]{
	name: "limits",
	doc:  "Bounds of what the node holds. At the bound of a mailbox, market data conflates, intents are refused, and senders of executions and control wait for credit.",
	keys: []key[Limits]{
		field("mailbox_state", whole(16, 1<<20, "messages"), func(l *Limits) *int { return &l.MailboxState },
			"Messages that wait for one state partition."),
		field("mailbox_classifier", whole(16, 1<<20, "messages"), func(l *Limits) *int { return &l.MailboxClassifier },
			"Messages that wait for one classifier."),
		field("mailbox_strategy", whole(16, 1<<20, "messages"), func(l *Limits) *int { return &l.MailboxStrategy },
			"Messages that wait for one strategy."),
		field("mailbox_order", whole(16, 1<<20, "messages"), func(l *Limits) *int { return &l.MailboxOrder },
			"Messages that wait for one order gateway."),
		field("instruments_max", whole(1, instrumentsMax, "instruments"), func(l *Limits) *int { return &l.InstrumentsMax },
			"Instruments that the node follows over all venues."),
		field("open_orders_max", whole(1, 100_000, "orders"), func(l *Limits) *int { return &l.OpenOrdersMax },
			"Open orders of one account; an intent beyond it is denied."),
		field("order_history_max", whole(1, 1_000_000, "orders"), func(l *Limits) *int { return &l.OrderHistoryMax },
			"Final orders of one account that are remembered, so that a repeated intent is answered and a late fill finds its order; about 1.5 KB each."),
		field("shutdown", duration(time.Second, 10*time.Minute), func(l *Limits) *time.Duration { return &l.Shutdown },
			"How long the node takes at most to drain and flush after SIGTERM."),
	},
	defaults: func() Limits {
		return Limits{MailboxState: 1024, MailboxClassifier: 1024, MailboxStrategy: 4096, MailboxOrder: 4096,
			InstrumentsMax: instrumentsMax, OpenOrdersMax: 200, OrderHistoryMax: 8192, Shutdown: 10 * time.Second}
	},
}

// fileSection is the whole file.
var fileSection = &section[Config]{
	keys: []key[Config]{
		single("node", nodeSection, func(c *Config) *Node { return &c.Node }),
		single("http", httpSection, func(c *Config) *HTTP { return &c.HTTP }),
		single("log", logSection, func(c *Config) *Log { return &c.Log }),
		entries("venue", venueSection, func(c *Config) *[]Venue { return &c.Venues }, venuesMax),
		single("state", stateSection, func(c *Config) *State { return &c.State }),
		single("store", storeSection, func(c *Config) *Store { return &c.Store }),
		entries("engine", engineSection, func(c *Config) *[]Engine { return &c.Engines }, enginesMax),
		entries("strategy", strategySection, func(c *Config) *[]Strategy { return &c.Strategies }, strategiesMax),
		entries("account", accountSection, func(c *Config) *[]Account { return &c.Accounts }, accountsMax),
		single("limits", limitsSection, func(c *Config) *Limits { return &c.Limits }),
	},
	defaults: func() Config {
		return Config{Node: nodeSection.defaults(), HTTP: httpSection.defaults(), Log: logSection.defaults(),
			State: stateSection.defaults(), Store: storeSection.defaults(), Limits: limitsSection.defaults()}
	},
	finish: finishFile,
}
