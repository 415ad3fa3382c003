"""The banks and mobile networks that money can be sent to, by country; a part of Flutterwave's list."""

from typing import Final, NamedTuple

WALLET: Final = "flutterwave"
"""The `account_bank` of another merchant's wallet."""


class Bank(NamedTuple):
    """One bank or mobile network."""

    id: int
    code: str
    name: str


class Branch(NamedTuple):
    """One branch of a bank, where a transfer must name one."""

    id: int
    branch_code: str
    branch_name: str
    swift_code: str
    bic: str
    bank_id: int


BANKS: Final[dict[str, tuple[Bank, ...]]] = {
    "NG": (
        Bank(137, "011", "First Bank of Nigeria"),
        Bank(144, "023", "Citibank"),
        Bank(145, "030", "Heritage"),
        Bank(146, "032", "Union Bank"),
        Bank(147, "033", "United Bank for Africa"),
        Bank(148, "035", "Wema Bank"),
        Bank(149, "044", "ACCESS BANK NIGERIA"),
        Bank(150, "050", "Ecobank Plc"),
        Bank(141, "057", "Zenith Bank"),
        Bank(151, "058", "GTBank Plc"),
        Bank(142, "068", "Standard Chartered Bank"),
        Bank(152, "070", "Fidelity Bank"),
        Bank(153, "076", "Polaris Bank"),
        Bank(154, "082", "Keystone Bank"),
        Bank(155, "101", "Providus Bank"),
        Bank(156, "214", "First City Monument Bank"),
        Bank(157, "215", "Unity Bank"),
        Bank(158, "221", "Stanbic IBTC Bank"),
        Bank(159, "232", "Sterling Bank"),
        Bank(160, "301", "Jaiz Bank"),
        Bank(133, "304", "Stanbic Mobile Money"),
        Bank(134, "308", "FortisMobile"),
        Bank(136, "309", "FBNMobile"),
        Bank(140, "311", "ReadyCash (Parkway)"),
        Bank(138, "326", "Sterling Mobile"),
        Bank(135, "328", "TagPay"),
        Bank(132, "560", "Page MFBank"),
        Bank(139, "990", "Omoluabi Mortgage Bank"),
        Bank(161, "50211", "Kuda Bank"),
        Bank(162, "999991", "PalmPay"),
        Bank(163, "999992", "OPay"),
    ),
    "GH": (
        Bank(280, "GH190100", "Stanbic Bank"),
        Bank(281, "GH280100", "Access Bank"),
        Bank(282, "MTN", "MTN"),
        Bank(283, "VODAFONE", "VODAFONE"),
    ),
    "KE": (Bank(190, "01", "KCB Bank"), Bank(191, "68", "Equity Bank"), Bank(192, "MPS", "M-PESA")),
    "TZ": (Bank(200, "TZ040", "CRDB Bank"), Bank(201, "MPS", "Mobile Money")),
    "UG": (Bank(210, "UG040147", "Stanbic Bank Uganda"), Bank(211, "MPS", "Mobile Money")),
    "ZA": (Bank(220, "470010", "Capitec Bank"), Bank(221, "250655", "First National Bank")),
}
BRANCHES: Final = (
    Branch(1011, "GH190111", "STANBIC BANK GHANA LTD-ROMAN RIDGE", "SBICGHAC", "SBICGHACXXX", 280),
    Branch(1012, "GH190801", "STANBIC BANK GHANA LTD-TAMALE", "SBICGHAC", "SBICGHACXXX", 280),
)

_COUNTRY_OF: Final = {"GHS": "GH", "KES": "KE", "NGN": "NG", "TZS": "TZ", "UGX": "UG", "ZAR": "ZA"}
_BY_CURRENCY: Final = {
    currency: {bank.code: bank.name for bank in BANKS[country]} for currency, country in _COUNTRY_OF.items()
}
_NAMES: Final = {bank.code: bank.name for banks in BANKS.values() for bank in banks}


def bank_name(code: str) -> str:
    """What a bank is called; `N/A` for one that is not listed, as Flutterwave has it."""
    return "wallet" if code == WALLET else _NAMES.get(code, "N/A")


def is_listed(code: str, currency: str) -> bool:
    """Money in this currency can go there; anywhere, for a currency of which no bank is listed."""
    banks = _BY_CURRENCY.get(currency)
    return banks is None or code in banks or code == WALLET


def branches(bank_id: int) -> list[Branch]:
    """The branches of one bank."""
    return [branch for branch in BRANCHES if branch.bank_id == bank_id]
