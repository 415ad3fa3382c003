"""Which addresses may be called: a table of what people and attackers write, and laws over all IP addresses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bursar.foundation.addresses import URL_LENGTH_MAX, Policy, UnsafeAddress, is_public

ALLOWED = [
    "https://hooks.example.com",
    "https://hooks.example.com/",
    "https://hooks.example.com:443/webhooks?a=1&b=@2",
    "HTTPS://HOOKS.EXAMPLE.COM/Webhooks",
    "https://xn--bcher-kva.example/hooks",
    "https://a-1.b-2.co.uk/x/y/z",
    "https://9gag.com/hook",
    "https://1.1.1.1/hook",
    "https://93.184.216.34/hook",
    "https://[2606:4700:4700::1111]/hook",
    "https://[2606:4700:4700:0:0:0:0:1111]:443/hook",
    "https://example.com/@user",
    "https://0x7f.example.com/",
]

REFUSED = {
    "https": """
        http://hooks.example.com/
        http://hooks.example.com:443/
        http://1.1.1.1/
        http://93.184.216.34:80/
    """,
    "a complete URL": """
        ftp://hooks.example.com/
        file:///etc/passwd
        gopher://hooks.example.com:443/_x
        javascript:alert(1)
        data:text/plain,x
        hooks.example.com
        //hooks.example.com/
        https:hooks.example.com
        https:///path
        https://
        https://:443/
        https://hooks.example.com:99999/
        https://hooks.example.com:443:80/
        https://hooks.example.com:-1/
        https://[::1]x/
        https://[1.2.3.4]/
        https://[v1.fe80]/
        https://[localhost]/
    """,
    "on port": """
        https://hooks.example.com:80/
        https://hooks.example.com:22/
        https://hooks.example.com:8443/
        https://1.1.1.1:6379/
    """,
    "without user name": """
        https://user:password@hooks.example.com/
        https://user@hooks.example.com/
        https://@hooks.example.com/
        https://:@hooks.example.com/
        https://hooks.example.com@127.0.0.1/
        https://user@hooks.example.com?x
    """,
    "without a fragment": """
        https://hooks.example.com/#x
        https://hooks.example.com#@127.0.0.1/
    """,
    "printable ASCII": """
        https://hooks.example.com\\@127.0.0.1/
        https://bücher.example/
        https://\uff11\uff12\uff17.0.0.1/
        https://127。0。0。1/
        https://ⓛocalhost/
        https://hooks.example.com/ü
    """,
    "an IP address in its plain form": """
        https://2130706433/
        https://0x7f000001/
        https://0x7f.0.0.1/
        https://0x7f.1/
        https://017700000001/
        https://0177.0.0.1/
        https://127.1/
        https://127.0.1/
        https://127%2e0.0.1/
        https://1.2.3/
        https://1.1.1.1.1/
        https://0/
        https://256.256.256.256/
        https://1.1.1.0x1/
        https://foo.0x/
        https://foo.1/
    """,
    "without a zone": "https://[fe80::1%25eth0]/",
    "letters, digits, hyphens": """
        https://hooks.example.com./
        https://hooks..example.com/
        https://.example.com/
        https://hooks_1.example.com/
        https://-hooks.example.com/
        https://hooks.example.com,evil.example/
        https://1.1.1.1./
        https://localhost./
    """,
    "with its full name": """
        https://metadata/
        https://intranet/admin
        https://kubernetes:443/
    """,
    "on a public host": """
        https://localhost/
        https://hooks.localhost/
        https://127.0.0.1/
        https://127.255.255.254/
        https://0.0.0.0/
        https://0.1.2.3/
        https://10.0.0.1/
        https://172.16.0.1/
        https://172.31.255.255/
        https://192.168.1.1/
        https://169.254.169.254/latest/meta-data/
        https://100.64.0.1/
        https://100.100.100.200/
        https://168.63.129.16/
        https://192.0.0.192/
        https://192.0.0.9/
        https://192.0.2.1/
        https://192.88.99.1/
        https://198.18.0.1/
        https://198.51.100.1/
        https://203.0.113.1/
        https://224.0.0.1/
        https://224.0.1.1/
        https://239.255.255.255/
        https://240.0.0.1/
        https://255.255.255.255/
        https://[::]/
        https://[::1]/
        https://[0:0:0:0:0:0:0:1]/
        https://[::127.0.0.1]/
        https://[::ffff:127.0.0.1]/
        https://[::ffff:7f00:1]/
        https://[::ffff:169.254.169.254]/
        https://[::ffff:8.8.8.8]/
        https://[64:ff9b::7f00:1]/
        https://[64:ff9b::8.8.8.8]/
        https://[64:ff9b:1::1]/
        https://[100::1]/
        https://[2001::1]/
        https://[2001:10::1]/
        https://[2001:db8::1]/
        https://[2002:7f00:1::]/
        https://[3fff::1]/
        https://[5f00::1]/
        https://[fc00::1]/
        https://[fd00:ec2::254]/
        https://[fe80::1]/
        https://[fec0::1]/
        https://[ff02::1]/
        https://[ff0e::1]/
    """,
}


@pytest.mark.parametrize("url", ALLOWED)
def test_plain_public_addresses_are_allowed(url: str) -> None:
    assert Policy().check(url).url.scheme == "https"


@pytest.mark.parametrize(("rule", "url"), [(rule, url) for rule, urls in REFUSED.items() for url in urls.split()])
def test_everything_else_is_refused_by_a_named_rule(rule: str, url: str) -> None:
    with pytest.raises(UnsafeAddress) as refused:
        Policy().check(url)
    assert refused.value.facts["field"] == "url"
    assert rule in refused.value.facts["rule"]
    assert refused.value.code == "unsafe_url"


@pytest.mark.parametrize(
    "text", ["", " ", "https://a b.example/", "https://a.example/\n", "\thttps://a.example/", "https://a.example/\0"]
)
def test_nothing_is_hidden_in_the_text(text: str) -> None:
    with pytest.raises(UnsafeAddress, match="printable ASCII"):
        Policy().check(text)


def test_an_address_has_a_longest_length() -> None:
    longest = "https://a.example/".ljust(URL_LENGTH_MAX, "x")
    assert str(Policy().check(longest)) == longest
    with pytest.raises(UnsafeAddress, match="at most 2000"):
        Policy().check(longest + "x")


def test_a_host_name_has_a_longest_length() -> None:
    host = ".".join(["a" * 49] * 5) + ".com"
    assert len(host) == 253
    assert Policy().check(f"https://{host}/").host == host
    with pytest.raises(UnsafeAddress, match="letters, digits"):
        Policy().check(f"https://b{host}/")


def test_more_ports_can_be_allowed() -> None:
    policy = Policy(ports=frozenset({443, 8443}))
    assert policy.check("https://a.example:8443/").url.port == 8443
    with pytest.raises(UnsafeAddress, match="on port 443 or 8443"):
        policy.check("https://a.example:9443/")


LOOPBACK = [
    "http://localhost/",
    "http://localhost:8080/hooks",
    "https://localhost:8443/",
    "http://hooks.localhost:9000/",
    "http://127.0.0.1:8080/",
    "http://127.0.0.53/",
    "http://[::1]:8080/",
]


@pytest.mark.parametrize("url", LOOPBACK)
def test_the_development_switch_opens_loopback(url: str) -> None:
    assert Policy(allow_loopback=True).check(url)
    with pytest.raises(UnsafeAddress):
        Policy().check(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example.com/",
        "https://hooks.example.com:8443/",
        "http://10.0.0.1/",
        "https://169.254.169.254/",
        "http://127.1/",
        "http://[::ffff:127.0.0.1]/",
        "http://localhost.example.com/",
        "http://localhost.:80/",
        "http://user@localhost/",
        "ftp://localhost/",
    ],
)
def test_the_development_switch_opens_nothing_else(url: str) -> None:
    with pytest.raises(UnsafeAddress):
        Policy(allow_loopback=True).check(url)


@given(st.ip_addresses())
def test_what_python_calls_private_is_never_public(address: object) -> None:
    inside = ("is_private", "is_loopback", "is_link_local", "is_multicast", "is_reserved", "is_unspecified")
    if any(getattr(address, name) for name in inside):
        assert not is_public(address)


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_inside_an_ipv6_one_is_never_public(address: object) -> None:
    from ipaddress import IPv6Address

    number = int(address)
    disguises = [0xFFFF << 32 | number, number, 0x64FF9B << 96 | number, 0x2002 << 112 | number << 80]
    assert not any(is_public(IPv6Address(disguise)) for disguise in disguises)
