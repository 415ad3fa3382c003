"""The options of the command line. Keys come from the environment, so that no list of processes shows them."""

from typing import Annotated, Final, Literal, TypeAlias

import typer

FLUTTERWAVE: Final = "Flutterwave (its keys come from the environment: SANDBOX_FLUTTERWAVE_SECRET_KEY and the like)"
STRIPE: Final = "Stripe (its keys come from the environment: SANDBOX_STRIPE_SECRET_KEY and the like)"
RAZORPAYX: Final = "RazorpayX (its keys come from the environment: SANDBOX_RAZORPAYX_KEY_SECRET and the like)"
SIMULATED: Final = "Simulated payments (their key comes from the environment: SANDBOX_SIMULATED_API_KEY)"

FlutterwaveAddress: TypeAlias = Annotated[
    str | None, typer.Option(help="Where outcomes are reported.", rich_help_panel=FLUTTERWAVE)
]
FlutterwaveV4Address: TypeAlias = Annotated[
    str | None, typer.Option(help="Where the fourth version's are.", rich_help_panel=FLUTTERWAVE)
]
FlutterwaveMode: TypeAlias = Annotated[
    Literal["live", "test"],
    typer.Option(help="Whether account numbers decide, or references.", rich_help_panel=FLUTTERWAVE),
]
FlutterwaveTempo: TypeAlias = Annotated[
    int, typer.Option(min=0, help="From NEW to the outcome, in live mode.", rich_help_panel=FLUTTERWAVE)
]

StripeAddresses: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--stripe-webhook-url", help="Where events are reported; may be repeated.", rich_help_panel=STRIPE),
]
StripeTempo: TypeAlias = Annotated[
    int, typer.Option(min=0, help="From a payout's creation to its outcome.", rich_help_panel=STRIPE)
]

RazorpayXAddress: TypeAlias = Annotated[
    str | None, typer.Option(help="Where events are reported.", rich_help_panel=RAZORPAYX)
]
RazorpayXMode: TypeAlias = Annotated[
    Literal["live", "test"],
    typer.Option(help="Whether accounts decide, or a tester's hand.", rich_help_panel=RAZORPAYX),
]
RazorpayXTempo: TypeAlias = Annotated[
    int, typer.Option(min=0, help="From a payout's processing to its outcome.", rich_help_panel=RAZORPAYX)
]

SimulatedSuccess: TypeAlias = Annotated[
    float,
    typer.Option(
        min=0,
        max=1,
        envvar="SANDBOX_SIMULATED_SUCCESS_RATE",
        help="How many succeed, by chance.",
        rich_help_panel=SIMULATED,
    ),
]
SimulatedDelay: TypeAlias = Annotated[
    float,
    typer.Option(
        min=0, envvar="SANDBOX_SIMULATED_DELAY_SECONDS", help="How long each takes.", rich_help_panel=SIMULATED
    ),
]
SimulatedSeed: TypeAlias = Annotated[
    int | None,
    typer.Option(
        envvar="SANDBOX_SIMULATED_SEED",
        help="Their chance is drawn from it, and not from --seed.",
        rich_help_panel=SIMULATED,
    ),
]
