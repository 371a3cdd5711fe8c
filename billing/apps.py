from django.apps import AppConfig


class BillingConfig(AppConfig):
    name = "billing"
    verbose_name = "Billing"

    def ready(self) -> None:
        from billing import checks  # noqa: F401 - registers itself
        from billing.actions.plans import begin_with_default_plan
        from billing.actions.rollup import usage_roll
        from billing.dashboard import shown
        from billing.demo import opening
        from billing.queries.metering import own_to_date
        from billing.queries.seat_price import seat_price
        from orgs import dashboard_parts, founding, seats, usage
        from orgs.demo import further

        founding.on_founding(begin_with_default_plan)
        further.on_telling(opening.begin)
        further.on_told(usage_roll)
        dashboard_parts.on_showing(shown)
        seats.on_pricing(seat_price)
        usage.on_telling(own_to_date)
