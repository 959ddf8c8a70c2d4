"""Judges an order before the exchange sees it: whose it is, whether it is signed, what it wants.

The exchange judges the rest: tick, size, balance, the book. Everything is refused in the venue's words.
"""

from typing import Final, NamedTuple

from aiohttp import web

from core.ids import MarketId, OrderId, Outcome, Side, TokenId
from core.units import Ms, Shares, text
from simulator.chain.accounts import CHAIN
from simulator.chain.addresses import EXCHANGE, EXCHANGE_V3, NEG_RISK_EXCHANGE, address
from simulator.channels import WORLD
from simulator.clob import amounts, eip712, refusals
from simulator.clob.holding import HOLDING
from simulator.clob.keys import ApiKey
from simulator.clob.payloads import SendOrder, SignedOrder
from simulator.clob.posts import POSTS, Post
from simulator.clob.refusals import Refused
from simulator.clob.windows import STANDINGS
from simulator.exchange.accounts import Account
from simulator.exchange.orders import Order, Refusal, Status, Terms, TimeInForce
from simulator.exchange.venue import MaySpend
from simulator.sheets import Sheet

WALLET_TYPE: Final = 3
GTD_AHEAD_MS: Final = Ms(180_000)  # an expiration must lie at least this far ahead (polymarket.md 3.6)
WORD_BYTES: Final = 32
DIGITS_MAX: Final = 78  # of a uint256


class Asked(NamedTuple):
    """An order whose form, owner and signature are right."""

    sent: SendOrder
    key: ApiKey
    wallet: str
    account: Account
    sheet: Sheet
    outcome: Outcome
    signed: eip712.Terms
    order_id: OrderId
    tif: TimeInForce
    expires_ms: Ms | None


def check_owner(app: web.Application, sent: SendOrder, key: ApiKey) -> eip712.Terms:
    """Raises ``Refused`` for what refuses a whole batch: a malformed order, or one that is somebody else's."""
    order = sent.order
    try:
        signed = _signed_terms(order)
        maker, signer = address(order.maker), address(order.signer)
    except ValueError:
        raise Refused(400, refusals.BAD_PAYLOAD) from None
    if sent.postOnly and sent.orderType not in (TimeInForce.GTC, TimeInForce.GTD):
        raise Refused(400, refusals.BAD_PAYLOAD)
    if sent.owner != key.name:
        raise Refused(400, refusals.NOT_THE_OWNER)
    chain = app[CHAIN]
    by_wallet = order.signatureType == WALLET_TYPE
    if by_wallet and (signer != maker or chain.owner_of(signer) not in (key.eoa, None)):
        raise Refused(400, refusals.NOT_THE_SIGNER)
    if not by_wallet and signer != key.eoa:
        raise Refused(400, refusals.NOT_THE_SIGNER)
    standings = app[STANDINGS]
    if key.eoa in standings.banned:
        raise Refused(400, f"'{key.eoa}' address banned")
    if key.eoa in standings.closed_only and order.side == "BUY":
        raise Refused(400, f"'{key.eoa}' address in closed only mode")
    app[POSTS].received[maker] += 1
    return signed


def judge(app: web.Application, sent: SendOrder, signed: eip712.Terms, key: ApiKey, now_ms: Ms) -> Asked:
    """Raises ``Refused`` unless maker, market, expiration and signature are right and it is the first of its id."""
    order = sent.order
    maker = address(order.maker)
    account = app[CHAIN].account(maker)
    if account is None or not _may_make(app, key.eoa, order.signatureType, maker):
        raise Refused(400, refusals.MAKER_NOT_ALLOWED)
    found = app[WORLD].sheet_of_token(TokenId(order.tokenId))
    if found is None:
        raise Refused(404, refusals.NO_BOOK)
    sheet, outcome = found
    domain = eip712.exchange_domain(version=sheet.terms.version, neg_risk=sheet.terms.neg_risk)
    order_id = OrderId("0x" + eip712.digest(domain, eip712.order_hash(signed)).hex())
    signature = bytes.fromhex(order.signature.removeprefix("0x"))
    prove = eip712.wallet_signed_by if order.signatureType == WALLET_TYPE else eip712.signed_by
    if prove(signed, domain, signature) != key.eoa:
        raise Refused(400, refusals.BAD_SIGNATURE)
    if order_id in app[POSTS].by_id:
        app[POSTS].duplicated[maker] += 1
        raise Refused(400, f"order {order_id} is invalid. Duplicated.")
    tif = TimeInForce(sent.orderType)
    return Asked(
        sent=sent,
        key=key,
        wallet=maker,
        account=account,
        sheet=sheet,
        outcome=outcome,
        signed=signed,
        order_id=order_id,
        tif=tif,
        expires_ms=_expires_ms(order.expiration, tif, now_ms),
    )


async def place(app: web.Application, asked: Asked, now_ms: Ms) -> Order:
    """Hand the order to the exchange. Raises ``Refused`` when that refuses it, at once or after a held delay."""
    exchange = app[WORLD].exchange
    listing = exchange.listings.get(asked.sheet.terms.market_id)
    if listing is None:
        raise Refused(400, refusals.NOT_READY)
    buys = asked.sent.order.side == "BUY"
    try:
        reading = amounts.read(
            making=asked.signed.maker_amount,
            taking=asked.signed.taker_amount,
            buys=buys,
            at_market=not asked.tif.rests,
            tick=listing.tick,
        )
    except amounts.OffGrid as off:
        raise _off_tick(asked.order_id, off.price, text(off.tick, 4)) from None
    _check_allowance(app, asked)
    order = exchange.place(
        asked.account,
        asked.sheet.terms.market_id,
        asked.outcome,
        Side.BUY if buys else Side.SELL,
        price=reading.price,
        size=reading.size,
        post_only=asked.sent.postOnly,
        now_ms=now_ms,
        order_id=asked.order_id,
        tif=asked.tif,
        expires_ms=asked.expires_ms,
        budget=reading.budget,
    )
    if order.status is not Status.REJECTED:
        expiration = asked.sent.order.expiration
        app[POSTS].add(Post(order, asked.sheet, asked.key, asked.wallet, asked.signed.salt, expiration))
        await app[HOLDING].outcome(order)
    if order.status in (Status.REJECTED, Status.CANCELLED) and not order.filled:
        raise _refused(order, listing.tick, asked)
    return order


def spending(app: web.Application) -> MaySpend:
    """Tells the exchange what its wallets allow, when an order comes and again after its delay."""
    chain, exchange = app[CHAIN], app[WORLD].exchange

    def may_spend(account: Account, market_id: MarketId, outcome: Outcome | None) -> bool:
        by = spender(exchange.listings[market_id].terms)
        if outcome is None:
            return chain.allowed(account.name, by)
        return chain.approved_for_all(account.name, by)

    return may_spend


def spender(terms: Terms) -> str:
    """The contract that settles a market: it needs the allowances."""
    if terms.version == "v2":
        return EXCHANGE_V3
    return NEG_RISK_EXCHANGE if terms.neg_risk else EXCHANGE


def _signed_terms(order: SignedOrder) -> eip712.Terms:
    """Raises ``ValueError`` when a field is not of its type."""
    if not 0 <= order.salt < 2**256 or not 0 <= order.signatureType <= WALLET_TYPE:
        raise ValueError("out of range")
    bytes.fromhex(order.signature.removeprefix("0x"))
    return eip712.Terms(
        salt=order.salt,
        maker=bytes.fromhex(order.maker.removeprefix("0x")),
        signer=bytes.fromhex(order.signer.removeprefix("0x")),
        token_id=_count(order.tokenId),
        maker_amount=_positive(order.makerAmount),
        taker_amount=_positive(order.takerAmount),
        side=0 if order.side == "BUY" else 1,
        signature_type=order.signatureType,
        timestamp=_count(order.timestamp),
        metadata=_word(order.metadata),
        builder=_word(order.builder),
    )


def _count(digits: str) -> int:
    if not (digits.isascii() and digits.isdecimal() and len(digits) <= DIGITS_MAX) or int(digits) >= 2**256:
        raise ValueError("not a uint256")
    return int(digits)


def _positive(digits: str) -> int:
    amount = _count(digits)
    if not amount:
        raise ValueError("an amount of nothing")
    return amount


def _word(text_of_bytes: str) -> bytes:
    """32 bytes in hex; the venue takes an empty text for zero."""
    word = bytes.fromhex(text_of_bytes.removeprefix("0x")) or bytes(WORD_BYTES)
    if len(word) != WORD_BYTES:
        raise ValueError("not 32 bytes")
    return word


def _may_make(app: web.Application, eoa: str, signature_type: int, maker: str) -> bool:
    try:
        return app[CHAIN].wallet_of(eoa, signature_type) == maker
    except ValueError:
        return False


def _expires_ms(expiration: str, tif: TimeInForce, now_ms: Ms) -> Ms | None:
    """Only GTD has an expiration, in seconds, and it lies a while ahead. Raises ``Refused``."""
    if not (expiration.isascii() and expiration.isdecimal() and len(expiration) <= DIGITS_MAX):
        raise Refused(400, refusals.BAD_PAYLOAD)
    expires_ms = Ms(int(expiration) * 1_000)
    if tif is TimeInForce.GTD and expires_ms >= now_ms + GTD_AHEAD_MS:
        return expires_ms
    if tif is not TimeInForce.GTD and not expires_ms:
        return None
    raise Refused(400, refusals.BAD_EXPIRATION)


def _check_allowance(app: web.Application, asked: Asked) -> None:
    """The settling contract must be allowed to move what the order gives. Raises ``Refused``."""
    chain, by = app[CHAIN], spender(asked.sheet.terms)
    buys = asked.sent.order.side == "BUY"
    needed = asked.signed.maker_amount
    allowance = chain.allowance(asked.wallet, by) if buys else 0
    if allowance >= needed or (not buys and chain.approved_for_all(asked.wallet, by)):
        return
    raise Refused(
        400,
        f"{refusals.NOT_ENOUGH}: the allowance is not enough -> spender: {by}, allowance: {allowance}, "
        f"order amount: {needed}",
    )


def _refused(order: Order, tick: int, asked: Asked) -> Refused:
    """The exchange's refusal in the venue's words."""
    name, tick_text = asked.order_id, text(tick, 4)
    match order.refusal:
        case Refusal.OFF_TICK:
            return _off_tick(name, text(order.price, 4), tick_text)
        case Refusal.BELOW_MINIMUM:
            sizes = (text(order.size, 6), text(asked.sheet.terms.min_size, 6))
            return Refused(
                400, f"order {name} is invalid. Size ({sizes[0]}) lower than the minimum: {sizes[1]}"
            )
        case Refusal.DUPLICATED:
            return Refused(400, f"order {name} is invalid. Duplicated.")
        case Refusal.NOT_ENOUGH:
            return Refused(400, _short(order, asked))
        case Refusal.CLOSED | None:
            return Refused(400, refusals.NOT_READY)
        case _:
            return Refused(400, order.refusal.value)


def _off_tick(order_id: OrderId, price: str, tick: str) -> Refused:
    return Refused(400, f"order {order_id} is invalid. Price ({price}) breaks minimum tick size rule: {tick}")


def _short(order: Order, asked: Asked) -> str:
    """What is there, what open orders hold of it, what this one needs. In base units."""
    account, holding = order.owner, (order.market_id, order.outcome)
    buys = order.side is Side.BUY
    there = account.cash if buys else account.held(holding)
    held_back = account.locked_cash if buys else account.locked_tokens.get(holding, Shares(0))
    return (
        f"{refusals.NOT_ENOUGH}: the balance is not enough -> balance: {there}, "
        f"sum of matched orders: {held_back}, order amount: {asked.signed.maker_amount}"
    )
