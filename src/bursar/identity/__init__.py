"""Identity: who asks, and what they may do.

The room promises that nothing the database holds lets anybody in: of passwords, session tokens and API keys it keeps
hashes alone. Whoever is refused at sign-in learns nothing about who exists. What a person may do stands in one table,
``ALLOWED``, and what a key may do in its scopes; anything else is forbidden.
"""

from bursar.identity.errors import (
    EmailTaken,
    InsufficientScope,
    IpNotAllowed,
    NoSuchKey,
    NoSuchPerson,
    NotPermitted,
    SignInRefused,
    UnknownHolder,
    WeakPassword,
)
from bursar.identity.keys import PAGE_MAX, callers, issue_keys, list_keys, revoke_keys, touch
from bursar.identity.model import (
    ALL_SCOPES,
    ALLOWED,
    ApiKey,
    Caller,
    IssuedKey,
    Mode,
    NewKey,
    Permission,
    Person,
    Role,
    Scope,
    Session,
    SignedIn,
    actor,
    authorise,
    networks,
)
from bursar.identity.passwords import hash_password
from bursar.identity.people import (
    add_person,
    disable_person,
    enable_person,
    find_people,
    list_people,
    person_by_email,
    set_password,
    set_roles,
)
from bursar.identity.sign_in import list_sessions, revoke_sessions, session_person, sign_in, sign_out
from bursar.identity.tokens import key_hash

__all__ = [
    "ALLOWED",
    "ALL_SCOPES",
    "PAGE_MAX",
    "ApiKey",
    "Caller",
    "EmailTaken",
    "InsufficientScope",
    "IpNotAllowed",
    "IssuedKey",
    "Mode",
    "NewKey",
    "NoSuchKey",
    "NoSuchPerson",
    "NotPermitted",
    "Permission",
    "Person",
    "Role",
    "Scope",
    "Session",
    "SignInRefused",
    "SignedIn",
    "UnknownHolder",
    "WeakPassword",
    "actor",
    "add_person",
    "authorise",
    "callers",
    "disable_person",
    "enable_person",
    "find_people",
    "hash_password",
    "issue_keys",
    "key_hash",
    "list_keys",
    "list_people",
    "list_sessions",
    "networks",
    "person_by_email",
    "revoke_keys",
    "revoke_sessions",
    "session_person",
    "set_password",
    "set_roles",
    "sign_in",
    "sign_out",
    "touch",
]
