// What the trader says is so: a snapshot, then numbered changes. The Python twin of `apply` is
// `dashboard/changes.py`; a browser test holds the two to the same answers.

/** @typedef {import("./rows").Row} Row */
/** @typedef {import("./rows").Message} Message */
/** @typedef {import("./rows").Control} Control */
/** @typedef {import("./rows").Worker} Worker */

/**
 * `rows` with `changes` applied; null removes a row.
 * @param {Record<string, Row>} rows
 * @param {Record<string, Row | null>} changes
 * @returns {Record<string, Row>}
 */
export function apply(rows, changes) {
  const after = { ...rows };
  for (const [key, row] of Object.entries(changes)) {
    if (row === null) delete after[key];
    else after[key] = row;
  }
  return after;
}

export class Board {
  /** @type {Record<string, Row>} */
  rows = {};
  /** @type {Control | null} */
  control = null;
  /** @type {Worker[]} */
  workers = [];
  /** Sources the trader does not speak of. @type {import("./rows").FeedRow[]} */
  sources = [];
  /** What only the database knows of and needs a person. @type {import("./rows").Trouble[]} */
  troubles = [];
  /** How often the server said that an incident changed. */
  incidentsTold = 0;
  /** @type {number | null} */
  epoch = null;
  seq = -1;
  /** Since when the trader has not been publishing; null while it is. @type {number | null} */
  goneSince = null;
  /** Whether rows were ever heard: before that, emptiness means "not yet", not "none". */
  heard = false;

  /**
   * Take one message. Answers "gap" when changes are missing: ask for a snapshot.
   * @param {Message} message
   * @returns {"taken" | "gap"}
   */
  take(message) {
    switch (message.type) {
      case "snapshot":
        this.rows = message.rows;
        this.epoch = message.epoch;
        this.seq = message.seq;
        this.control = message.control;
        this.workers = message.workers;
        this.sources = message.sources;
        this.troubles = message.troubles;
        this.goneSince = null;
        this.heard = true;
        return "taken";
      case "change":
        return this.#change(message);
      case "control":
        this.control = message.control;
        return "taken";
      case "incidents":
        this.incidentsTold += 1;
        return "taken";
      case "beat":
        this.workers = message.workers;
        this.sources = message.sources;
        this.troubles = message.troubles;
        return "taken";
      case "gone":
        this.workers = message.workers;
        this.sources = message.sources ?? this.sources;
        this.troubles = message.troubles ?? this.troubles;
        this.control = message.control ?? this.control;
        this.goneSince ??= message.since_ms ?? message.now_ms;
        return "taken";
    }
  }

  /**
   * @param {Extract<Message, {type: "change"}>} message
   * @returns {"taken" | "gap"}
   */
  #change(message) {
    if (message.epoch === this.epoch && message.seq <= this.seq) return "taken";
    if (message.epoch !== this.epoch || message.seq !== this.seq + 1) return "gap";
    this.rows = apply(this.rows, message.rows);
    this.seq = message.seq;
    this.goneSince = null;
    return "taken";
  }

  /**
   * The row under this key, or null.
   * @template {keyof Kinds} K
   * @param {K} kind
   * @param {string} [name]
   * @returns {Kinds[K] | null}
   */
  one(kind, name) {
    const row = this.rows[name === undefined ? kind : `${kind}:${name}`];
    return /** @type {Kinds[K] | null} */ (row ?? null);
  }

  /**
   * All rows of a kind, in the order of their keys.
   * @template {keyof Kinds} K
   * @param {K} kind
   * @returns {Kinds[K][]}
   */
  all(kind) {
    const found = Object.entries(this.rows).filter(([key]) => key.startsWith(`${kind}:`));
    return found.map(([, row]) => /** @type {Kinds[K]} */ (row));
  }

  /** Every source there is, the trader's own word first. */
  feeds() {
    const spoken = this.all("feed");
    return [...spoken, ...this.sources.filter(({ name }) => !spoken.some((feed) => feed.name === name))];
  }

  /** @param {string} marketId */
  marketHalt(marketId) {
    return this.control?.market_halts.find((halt) => halt.market_id === marketId) ?? null;
  }
}

/**
 * @typedef {{
 *   clock: import("./rows").ClockRow, totals: import("./rows").TotalsRow, halt: import("./rows").HaltRow,
 *   market: import("./rows").MarketRow, decision: import("./rows").DecisionRow,
 *   fill: import("./rows").FillRow, match: import("./rows").MatchRow, feed: import("./rows").FeedRow,
 *   refusal: import("./rows").RefusalRow, window: import("./rows").WindowRow,
 *   limits: import("./rows").LimitsRow, times: import("./rows").TimesRow,
 * }} Kinds
 */
