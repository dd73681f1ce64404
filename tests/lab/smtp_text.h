#pragma once

#include "tests/lab/service.h"

/** What the lab's mail servers say, by software and property. Appends whole replies with CRLF. */

void smtp_put_greeting(struct buf *out, const struct service *s);
/** The 250 reply to EHLO. @param client the argument of EHLO. */
void smtp_put_ehlo(struct buf *out, const struct service *s, struct span client, bool in_tls);
void smtp_put_helo(struct buf *out, const struct service *s);
void smtp_put_ready(struct buf *out, const struct service *s); /* 220 to STARTTLS */
void smtp_put_bye(struct buf *out, const struct service *s);
