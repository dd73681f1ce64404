#pragma once

#include "scanner/base/codec.h"
#include "scanner/observation/seen_policy.h"
#include "scanner/observation/seen_target.h"

/**
 * What was seen, as octets: further TYPEs for field lists, beside those of base/codec.h and by its
 * rules. The list of a struct is all there is to say: putting and getting are made from it, and a test
 * finds the member that no list names. F(TYPE, member) is a value, A(member) an array of octets.
 */

#define FIELDS_VERDICT(F, A) /* all but `issuers`, which few need */ \
    F(u8, status)                                                    \
    F(u8, trusted_by)                                                \
    F(u8, openssl_level_2)                                           \
    F(u8, openssl_level_1)

#define FIELDS_LEAF_KEY(F, A) F(u16, bits) F(u8, kind) F(u8, usage)

#define FIELDS_FACTS(F, A) \
    F(u16, quirks)         \
    F(u16, cipher)         \
    F(u16, group)          \
    F(u16, dh_bits)        \
    F(u16, list_kib)       \
    F(u8, name_refused_by) \
    F(u8, events)          \
    F(leaf_key, key)       \
    F(u16, forms)

#define FIELDS_BRIEF(F, A)      \
    F(addr, address)            \
    F(u16, port)                \
    F(u8, outcome)              \
    F(u8, not_tested)           \
    F(u8, starttls)             \
    F(u8, mapped)               \
    F(u8, inherited)            \
    F(u8, basis)                \
    F(u16, tls_version)         \
    A(leaf_sha256)              \
    F(u8, ptr_is_host)          \
    F(name, mx_operator)        \
    F(u8, operator_source)      \
    F(u8, no_sni_outcome)       \
    F(u8, no_sni_starttls)      \
    F(u16, no_sni_tls_version)  \
    F(verdict, no_sni_chain)    \
    F(u8, versions)             \
    F(u64, no_sni_leaf_domains) \
    ENDPOINT_JUDGED(F)

#define FIELDS_TLSA(F, A) F(u8, usage) F(u8, selector) F(u8, matching) F(span, data)

#define FIELDS_DNS(F, A)   \
    F(u8, state)           \
    F(u8, rcode)           \
    F(u8, cname_count)     \
    F(flag, ad)            \
    F(flag, rrsig_present) \
    F(flag, tcp)           \
    F(flag, truncated)     \
    F(i32, ede)            \
    F(u32, ttl)

#define FIELDS_TLS(F, A)           \
    F(flag, completed)             \
    F(flag, short_flight)          \
    F(flag, client_cert_requested) \
    F(flag, ems)                   \
    F(flag, secure_reneg)          \
    F(flag, unknown_name_warning)  \
    F(flag, ocsp_stapled)          \
    F(flag, sct_in_tls)            \
    F(flag, list_truncated)        \
    F(flag, list_malformed)        \
    F(u16, version)                \
    F(u16, cipher)                 \
    F(u16, group)                  \
    F(u16, dh_bits)                \
    F(u16, signature_scheme)       \
    F(i16, alert_received)         \
    F(i16, alert_sent)             \
    F(u32, error_code)             \
    A(error_text)                  \
    F(i32, ms)                     \
    F(span, list)                  \
    F(u32, cert_count)             \
    F(u32, certificate_octets)     \
    A(chain_id)                    \
    A(leaf_sha256)

#define FIELDS_REPLY(F, A) F(u16, code) F(flag, truncated) F(i32, ms) F(span, text)

#define FIELDS_SMTP(F, A)               \
    F(reply, reply[SMTP_STEP_GREETING]) \
    F(reply, reply[SMTP_STEP_EHLO])     \
    F(reply, reply[SMTP_STEP_HELO])     \
    F(reply, reply[SMTP_STEP_STARTTLS]) \
    F(reply, reply[SMTP_STEP_EHLO_TLS]) \
    F(reply, reply[SMTP_STEP_QUIT])     \
    F(word, starttls)                   \
    F(flag, starttls_again)             \
    F(flag, greeting_multiline)         \
    F(flag, greeting_without_esmtp)     \
    F(flag, early_talker)               \
    F(flag, line_too_long)              \
    F(u16, quirks)                      \
    F(u16, forms)                       \
    F(u32, injected_len)                \
    F(span, injected)                   \
    F(span, bad)

#define FIELDS_HELLO(F, A) \
    F(flag, attempted)     \
    F(flag, retry_request) \
    F(u8, answer)          \
    F(u16, max_version)    \
    F(u16, version)        \
    F(u16, cipher)         \
    F(i16, alert)

#define FIELDS_SESSION(F, A) \
    F(word, outcome)         \
    F(flag, sni)             \
    F(flag, tls_attempted)   \
    F(i64, started_unix_ms)  \
    F(addr, source)          \
    F(i32, connect_ms)       \
    F(i32, total_ms)         \
    F(i32, sys)              \
    F(u32, octets_in)        \
    F(u32, octets_out)       \
    F(smtp, smtp)            \
    F(tls, tls)              \
    F(hello, hello)

#define FIELDS_POLICY_ATTEMPT(F, A) F(addr, address) F(u8, outcome) F(i32, connect_ms) F(i32, sys)

#define SEEN_TYPES(X)                        \
    X(VERDICT, verdict, struct chain_brief)  \
    X(LEAF_KEY, leaf_key, struct leaf_key)   \
    X(FACTS, facts, struct sender_facts)     \
    X(BRIEF, brief, struct endpoint_brief)   \
    X(TLSA, tlsa, struct seen_tlsa)          \
    X(DNS, dns, struct seen_dns)             \
    X(TLS, tls, struct seen_tls)             \
    X(REPLY, reply, struct seen_reply)       \
    X(SMTP, smtp, struct seen_smtp)          \
    X(HELLO, hello, struct seen_hello)       \
    X(SESSION, session, struct seen_session) \
    X(POLICY_ATTEMPT, policy_attempt, struct policy_attempt)

#define X(NAME, type, c_type)                             \
    void codec_put_##type(struct buf *out, c_type value); \
    c_type codec_get_##type(struct span *in);
SEEN_TYPES(X)
#undef X

/* What a fetch showed, its attempts behind it: all of seen_policy but DNS and what is judged. */
#define FIELDS_POLICY_FETCHED(F, A) \
    F(word, outcome)                \
    F(count, attempt_count)         \
    F(i64, started_unix_ms)         \
    F(i32, tls_ms)                  \
    F(i32, total_ms)                \
    F(flag, tls_attempted)          \
    F(tls, tls)                     \
    F(u16, status)                  \
    F(u32, head_octets)             \
    F(span, location)               \
    F(span, content_type)           \
    F(span, body)                   \
    A(body_sha256)

void policy_fetched_put(struct buf *out, const struct seen_policy *p);
/** Fills these members of `out`, and no others. */
void policy_fetched_get(struct span octets, struct seen_policy *out);

/** How many stand one behind the other in octets of nothing else. */
size_t codec_count_spans(struct span in);
size_t codec_count_addrs(struct span in);
size_t codec_count_tlsas(struct span in);
size_t codec_count_sessions(struct span in);
