// The shapes that cross the websocket. Prices, sizes and money are decimal text, times are UTC
// milliseconds of the venue clock, unknown is null. `trading/board/board.py` writes them.

export type Level = [price: string, size: string];
export type Outcome = "yes" | "no";

export interface ClockRow {
  now_ms: number;
  speed: string;
}

export interface TotalsRow {
  mode: string;
  account: string;
  cash: string | null;
  equity: string | null;
  pnl_today: string | null;
  realized: string | null;
  unrealized: string | null;
  exposure: string | null;
  exposure_limit: string | null;
  loss_limit: string | null;
  locked: string | null;
  open_orders: number | null;
  orders: number | null;
  fills: number | null;
  fees: string | null;
  phantoms: number | null;
  decisions: number | null;
  refusals: Record<string, number>;
  day_start_ms: number | null;
  valued_ms: number | null;
  marked?: string[];
}

export interface OwnOrder {
  key: string;
  order_id: string;
  outcome: Outcome;
  side: "buy" | "sell";
  price: string;
  shares: string;
  filled: string;
  status: string;
  kind: string;
  ahead: string | null;
  since_ms: number;
}

export interface PairRow {
  yes: string;
  no: string;
  yes_cost: string;
  no_cost: string;
  yes_avg: string | null;
  no_avg: string | null;
  spent: string;
  received: string;
  locked: string;
  exposed: string;
  exposed_outcome: Outcome | null;
  pair_cost: string | null;
  worst_case: string;
  best_case: string;
  naked_since_ms: number | null;
  naked_until_ms: number | null;
}

export interface BreakerRow {
  state: "open" | "half_open";
  code: string;
  detail: string;
  tripped: number;
  opened_ms: number;
  until_ms: number;
}

export interface MarketRow {
  market_id: string;
  title: string;
  short: string;
  kind: string;
  game: string | null;
  match_id: string | null;
  event_id: string;
  map_number: number | null;
  yes_name: string;
  no_name: string;
  state: string;
  halted: boolean;
  halt_reason: string | null;
  breaker: BreakerRow | null;
  trust: string;
  trust_since_ms: number | null;
  said_ms: number | null;
  heard_ms: number | null;
  tick: string;
  min_size: string;
  delay_ms: number;
  fee_rate: string | null;
  bid: string | null;
  bid_size: string | null;
  ask: string | null;
  ask_size: string | null;
  bids: Level[];
  asks: Level[];
  last_trade: { price: string; size: string; outcome: Outcome; side: "buy" | "sell"; at_ms: number } | null;
  mirror_holds: boolean | null;
  phantoms: number;
  phantom_open_ms: number | null;
  pair: PairRow | null;
  pnl: { realized: string | null; unrealized: string | null; total: string | null; fees: string | null };
  orders: OwnOrder[];
  decision: { at_ms: number; verdict: string; gate: string | null } | null;
  gates: Gate[];
  resolved_payout: string | null;
}

export interface Gate {
  name: string;
  passed: boolean;
  value: string | null;
  limit: string | null;
  unit: string | null;
  word: string | null;
}

export interface DecisionRow {
  n: number;
  at_ms: number;
  market_id: string;
  short: string;
  strategy: string;
  verdict: string;
  gate: string | null;
  gates: Gate[];
  intents: string[];
}

export interface FillRow {
  n: number;
  at_ms: number;
  market_id: string;
  short: string;
  outcome: Outcome;
  side: "buy" | "sell";
  price: string;
  shares: string;
  amount: string;
  fee: string;
  evidence: string;
  liquidity: string;
}

export interface MatchRow {
  match_id: string;
  title: string;
  game: string;
  teams: [string, string];
  best_of: number | null;
  map_number: number | null;
  maps: [number, number] | null;
  score: [number, number] | null;
  lead: number | null;
  clock_ms: number | null;
  status: string;
  heard_ms: number | null;
  said_ms: number | null;
  source: string | null;
}

export interface FeedRow {
  name: string;
  kind: string;
  status: "connected" | "connecting" | "lost";
  heard_ms: number | null;
  since_ms: number | null;
  detail: string | null;
  reconnects: number;
  says?: string; // of the wallet: what is wrong, in words
}

/** What the database knows and no row of the board: reversed fills, refusals of the venue. */
export interface Trouble {
  key: string;
  severity: 0 | 1 | 2 | 3;
  text: string;
  detail: string;
  href: string | null;
}

export interface HaltRow {
  halted: boolean;
  reason: string | null;
  since_ms: number | null;
}

/** A rule of the judge and the last order it refused; its last one is unknown after a restart of the counting. */
export interface RefusalRow {
  rule: string;
  layer: "time" | "global" | "group" | "market" | "order";
  count: number;
  at_ms: number | null;
  market_id?: string;
  short?: string | null;
  asked?: string;
  detail?: string;
}

export interface WindowRow {
  mode: "open" | "restarting" | "post_only" | "cancel_only" | "off";
  since_ms: number | null;
  until_ms: number | null;
  detail: string | null;
}

/** How much of a limit is used and of how much; `market_id` and `short` say where, for a limit of one market or group. */
export interface LimitUse {
  used: string | null;
  limit: string | null;
  market_id: string | null;
  short: string | null;
}

export interface LimitsRow {
  number: number | null; // the version the trader trades by
  uses: Record<string, LimitUse>;
}

export interface TimesRow {
  peak: boolean;
  turns_ms: number;
  day: string;
  weekend: boolean;
  opens: boolean;
  sizes: Record<"1" | "0.75" | "0.5" | "0.25", number>;
}

export type Row =
  | LimitsRow
  | TimesRow
  | ClockRow
  | TotalsRow
  | MarketRow
  | DecisionRow
  | FillRow
  | MatchRow
  | FeedRow
  | HaltRow
  | RefusalRow
  | WindowRow;

export interface HaltStep {
  name: string;
  label: string;
  done: number | null;
  total: number | null;
  at_ms: number | null;
  took_ms: number | null;
  ok: boolean | null;
}

export interface HaltReport {
  round: number;
  asked_ms: number;
  steps: HaltStep[];
  proven_ms: number | null;
  unproven: string[];
}

export interface MarketHalt {
  market_id: string;
  reason: string;
  detail: string;
  by: string;
  began_ms: number;
  report: HaltReport | null;
}

/** As the audit names them; `risk/access/powers.py` has the list. */
export type ControlName =
  | "halt" | "halt-market" | "resume-market" | "restart-adapter" | "cancel" | "acknowledge" | "test-alert" | "incident"
  | "reset" | "limits" | "preflight" | "arm" | "disarm" | "consent" | "reconcile" | "approve-mapping"
  | "make-token" | "revoke-token" | "tokens-of-others" | "users";

/** Of a stack that must be armed; else only `needed`, false. `armed` is null while no order reaches the venue. */
export interface Arming {
  needed: boolean;
  mode: string;
  wallet: string | null; // not known to this server: it cannot arm
  phrase: string | null; // what who arms types
  armed: { by: string; reason: string; began_ms: number; used_ms: number | null; expires_ms: number } | null;
  preflight: { id: number; at_ms: number; by: string; passed: boolean; failing: string[]; good_until_ms: number; fresh: boolean } | null;
  last: { ended_ms: number; by: string; reason: string } | null;
}

export interface Control {
  arming?: Arming;
  recorded?: boolean; // false: a halt the database did not take yet, carried out all the same
  halt: { id: number | null; reason: string; detail: string; by: string; began_ms: number; pressed: number } | null;
  report: (HaltReport & { halt_id: number | null }) | null;
  market_halts: MarketHalt[];
  way_out: string; // what ends this halt besides a person's word; may be empty
  can: Record<ControlName, boolean>;
}

export interface Worker {
  name: string;
  alive: boolean;
  since_ms: number | null;
}

export type Message =
  | {
      type: "snapshot";
      epoch: number;
      seq: number;
      rows: Record<string, Row>;
      control: Control;
      workers: Worker[];
      sources: FeedRow[];
      troubles: Trouble[];
      now_ms: number;
      speed: string;
    }
  | { type: "change"; epoch: number; seq: number; rows: Record<string, Row | null> }
  | { type: "control"; control: Control }
  | { type: "incidents" }
  | { type: "beat"; now_ms: number; speed: string; workers: Worker[]; sources: FeedRow[]; troubles: Trouble[] }
  | { type: "gone"; now_ms: number; since_ms: number | null; workers: Worker[]; sources?: FeedRow[]; troubles?: Trouble[]; speed?: string; control?: Control };
