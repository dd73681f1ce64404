#pragma once

#include "scanner/observation/seen_session.h"
#include "scanner/observation/sender_facts.h"

/** What a session showed that only some senders mind, but for what hangs on a host's name. Pure. */
struct sender_facts session_facts_of(const struct seen_session *s);
