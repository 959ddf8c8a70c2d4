"""Health and metrics: what a probe, a scraper and the reset ask."""

import hmac

from asgiref.sync import sync_to_async
from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, generate_latest

from infra import checks, metrics
from infra.checks import Verdict
from risk.access.visitors import began_here


@require_safe
async def live(_request: HttpRequest) -> JsonResponse:
    """The process answers. Nothing is asked of anybody else."""
    return JsonResponse({"status": "live", "mode": settings.POLYLOLY.mode})


@require_safe
async def ready(_request: HttpRequest) -> JsonResponse:
    """Every check by name; 503 when one fails. A halt is no failure: it is a decision."""
    found = await sync_to_async(checks.run_all)()
    verdict = checks.worst(found)
    body = {
        "status": "not ready" if verdict is Verdict.FAIL else "ready",
        "mode": settings.POLYLOLY.mode,
        "checks": [
            {
                "name": c.name,
                "area": c.area,
                "verdict": c.verdict,
                "detail": c.detail,
                "age_ms": c.age_ms,
                "next_step": c.next_step,
            }
            for c in found
        ],
    }
    return JsonResponse(body, status=503 if verdict is Verdict.FAIL else 200)


@require_safe
async def scrape(request: HttpRequest) -> HttpResponse:
    """Prometheus text of all processes. Open on loopback; elsewhere ``Authorization: Bearer $METRICS_TOKEN``."""
    if not (began_here(request) or has_token(request)):
        refusal = {"detail": "send Authorization: Bearer with METRICS_TOKEN, or ask from the machine itself"}
        return JsonResponse(refusal, status=401, headers={"WWW-Authenticate": "Bearer"})
    ours = await sync_to_async(metrics.scrape)()
    # django-prometheus counts in the library's own registry, this process's python_* with it.
    return HttpResponse(ours + generate_latest(REGISTRY), content_type=CONTENT_TYPE_LATEST)


def has_token(request: HttpRequest) -> bool:
    token = settings.POLYLOLY.metrics_token
    if token is None:
        return False
    sent = request.headers.get("Authorization", "")
    return hmac.compare_digest(sent.encode(), f"Bearer {token.get_secret_value()}".encode())
