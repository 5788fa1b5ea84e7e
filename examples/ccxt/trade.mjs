// Trades spot on maru venue through ccxt, unchanged but for where it connects.
//
//   maru venue                                     # in another terminal; writes maru-venue-keys.json
//   npm install && node trade.mjs [URL] [KEYS]     # http://127.0.0.1:8900 maru-venue-keys.json
//
// It prints a line for each step and ends with 1 at the first that is not as it should be.
import { readFileSync } from 'node:fs';
import ccxt from 'ccxt';

const url = process.argv[2] ?? 'http://127.0.0.1:8900';
const keys = JSON.parse(readFileSync(process.argv[3] ?? 'maru-venue-keys.json', 'utf8'));
const { key: apiKey, secret } = keys.accounts[0].keys.find((k) => k.type === 'hmac' && !k.read_only);

const symbol = 'BTC/USDT';
const exchange = new ccxt.pro.binance({
  apiKey,
  secret,
  enableRateLimit: false,
  options: { defaultType: 'spot', fetchMarkets: { types: ['spot'] } },
});
// The base URL is all that differs: every address of api.binance.com becomes the venue's.
for (const [name, at] of Object.entries(exchange.urls.api)) {
  if (typeof at === 'string') exchange.urls.api[name] = at.replace('https://api.binance.com', url);
}
const ws = url.replace(/^http/, 'ws');
exchange.urls.api.ws.spot = ws + '/ws';
exchange.urls.api.ws['ws-api'].spot = ws + '/ws-api/v3';
await exchange.loadHttpProxyAgent(); // ccxt wants this before ws://, which is not encrypted

function check(what, ok, got) {
  if (!ok) {
    throw new Error(`${what}: got ${JSON.stringify(got)}`);
  }
  console.log(`ok ${what}`);
}

// within waits for a promise, but not for ever.
function within(what, ms, promise) {
  let timer;
  const late = new Promise((_, reject) => { timer = setTimeout(() => reject(new Error(`${what}: nothing in ${ms} ms`)), ms); });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

async function trade() {
  const markets = await exchange.loadMarkets();
  check('loadMarkets', markets[symbol]?.spot && markets[symbol].limits.cost.min > 0, markets[symbol]);

  const ticker = await exchange.fetchTicker(symbol);
  check('fetchTicker', ticker.bid > 0 && ticker.bid < ticker.ask, ticker);
  const book = await exchange.fetchOrderBook(symbol, 10);
  check('fetchOrderBook', book.bids.length > 0 && book.bids[0][0] < book.asks[0][0], book);
  const bars = await exchange.fetchOHLCV(symbol, '1m', undefined, 5);
  check('fetchOHLCV', bars.length > 0 && bars.every(([, o, h, l, c]) => l <= o && o <= h && l <= c && c <= h), bars);
  const trades = await exchange.fetchTrades(symbol, undefined, 5);
  check('fetchTrades', trades.length > 0, trades);

  const before = await exchange.fetchBalance();
  check('fetchBalance', before.USDT.free > 1000 && before.BTC.free > 0, before.USDT);

  // The user data stream: ccxt subscribes with userDataStream.subscribe.signature.
  const heard = [];
  let listening = true;
  const listen = async () => {
    while (listening) {
      for (const o of await exchange.watchOrders(symbol)) heard.push(`${o.clientOrderId} ${o.status}`);
    }
  };
  const listener = listen().catch((e) => { if (listening) { console.error(`failed: watchOrders: ${e.stack}`); process.exit(1); } });
  // What is placed before the subscription stands is not heard of; the answer to it is not shown to us.
  const apiUrl = exchange.urls.api.ws['ws-api'].spot;
  await within('user data stream', 10_000, (async () => {
    while (!exchange.clients[apiUrl]?.subscriptions?.spot || 'authenticate:signature:spot' in exchange.clients[apiUrl].futures) {
      await exchange.sleep(20);
    }
  })());

  const price = exchange.priceToPrecision(symbol, ticker.bid * 0.9);
  const limit = await exchange.createOrder(symbol, 'limit', 'buy', 0.01, price, { newClientOrderId: 'ccxt-limit-1' });
  check('createOrder limit', limit.status === 'open' && limit.clientOrderId === 'ccxt-limit-1', limit);
  const found = await exchange.fetchOrder(limit.id, symbol);
  check('fetchOrder', found.status === 'open' && found.remaining === 0.01 && found.price === Number(price), found);
  const open = await exchange.fetchOpenOrders(symbol);
  check('fetchOpenOrders', open.length === 1 && open[0].id === limit.id, open);
  const canceled = await exchange.cancelOrder(limit.id, symbol);
  check('cancelOrder', canceled.status === 'canceled', canceled);
  check('no open order is left', (await exchange.fetchOpenOrders(symbol)).length === 0);

  const market = await exchange.createOrder(symbol, 'market', 'buy', 0.02, undefined, { newClientOrderId: 'ccxt-market-1' });
  check('createOrder market', market.status === 'closed' && market.filled === 0.02, market);
  const mine = await exchange.fetchMyTrades(symbol);
  const bought = mine.filter((t) => t.order === market.id).reduce((sum, t) => sum + t.amount, 0);
  check('fetchMyTrades', Math.abs(bought - 0.02) < 1e-9 && mine.every((t) => t.fee.cost > 0), mine);
  const after = await exchange.fetchBalance();
  check('balance after the trade', after.BTC.total > before.BTC.total && after.USDT.total < before.USDT.total, after);

  let refused;
  await exchange.createOrder(symbol, 'limit', 'buy', 1000, price).catch((e) => { refused = e; });
  check('too large an order is refused', refused instanceof ccxt.InsufficientFunds, String(refused));
  refused = undefined;
  await exchange.fetchOrder('1', symbol).catch((e) => { refused = e; });
  check('an order of somebody else is not there', refused instanceof ccxt.OrderNotFound, String(refused));

  await within('watchOrders', 10_000, (async () => {
    while (!heard.includes('ccxt-limit-1 canceled') || !heard.includes('ccxt-market-1 closed')) await exchange.sleep(20);
  })());
  check('watchOrders', heard.includes('ccxt-limit-1 open'), heard);
  const watched = await within('watchTicker', 10_000, exchange.watchTicker(symbol));
  check('watchTicker', watched.last > 0, watched);
  listening = false;
  await exchange.close();
  await listener;
}

trade().then(
  () => { console.log('ok all'); process.exit(0); },
  (e) => { console.error(`failed: ${e.stack}`); process.exit(1); },
);
