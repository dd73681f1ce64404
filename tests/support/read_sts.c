/* How the shipped sender profiles read records and policies: for tests/interop/policy_readers.py.
 *
 * Each line of standard input is "policy HEX" or "record HEX [HEX...]"; the answer is one line: the quirks,
 * "readable" where some reader takes it, and for each profile with MTA-STS "id=yes", "no" or "unknown": is a policy
 * enforced, is there a record. */

#include <stdio.h>
#include <stdlib.h>

#include "scanner/base/check.h"
#include "scanner/policy/sts_policy.h"
#include "scanner/policy/sts_record.h"
#include "scanner/senders/sender_profiles.h"

#define TEXTS_MAX   8
#define OCTETS_MAX  65536
#define LINE_OCTETS (2 * OCTETS_MAX + 256)

static struct span octets_of(const char *hex, uint8_t *out)
{
    size_t len = strlen(hex) / 2;
    CHECK(len <= OCTETS_MAX);
    for (size_t i = 0; i < len; i++) {
        const char digits[3] = {hex[2 * i], hex[2 * i + 1], '\0'};
        out[i] = (uint8_t)strtoul(digits, NULL, 16);
    }
    return (struct span){out, len};
}

static const char *word_of(enum truth t)
{
    return t == TRUTH_YES ? "yes" : t == TRUTH_NO ? "no" : "unknown";
}

static void answer_policy(const struct sender_profiles *profiles, struct span body)
{
    static struct sts_policy policy;
    sts_policy_read(body, &policy);
    for (int q = 0; q < STS_POLICY_QUIRK_COUNT; q++) {
        if ((policy.quirks >> q & 1U) != 0) {
            printf("%s ", sts_policy_quirk_word((enum sts_policy_quirk)q));
        }
    }
    printf("%s", policy.readable && policy.mode == STS_MODE_ENFORCE ? "readable " : "");
    for (size_t i = 0; i < profiles->count; i++) {
        const struct sender_profile *p = &profiles->items[i];
        enum truth read = sts_reading_takes(profile_reading(p->sts_policy, p->sts_policy_perhaps),
                                            policy.readable, policy.quirks);
        if (profile_uses_sts(p)) {
            printf("%s=%s ", p->id, policy.mode == STS_MODE_ENFORCE ? word_of(read) : "no");
        }
    }
}

static void answer_record(const struct sender_profiles *profiles, const struct span *texts,
                          size_t count)
{
    struct sts_records records;
    sts_records_read(texts, count, &records);
    for (int q = 0; q < STS_RECORD_QUIRK_COUNT; q++) {
        if ((records.quirks >> q & 1U) != 0) {
            printf("%s ", sts_record_quirk_word((enum sts_record_quirk)q));
        }
    }
    printf("%s", records.readable ? "readable " : "");
    for (size_t i = 0; i < profiles->count; i++) {
        const struct sender_profile *p = &profiles->items[i];
        if (profile_uses_sts(p)) {
            printf("%s=%s ", p->id,
                   word_of(sts_reading_takes(profile_reading(p->sts_record, p->sts_record_perhaps),
                                             records.readable, records.quirks)));
        }
    }
}

static void answer(const struct sender_profiles *profiles, char *line)
{
    static uint8_t octets[TEXTS_MAX][OCTETS_MAX];
    struct span texts[TEXTS_MAX];
    size_t count = 0;
    char *rest = NULL;
    const char *kind = strtok_r(line, " \n", &rest);
    const char *hex;
    CHECK(kind != NULL);
    while ((hex = strtok_r(NULL, " \n", &rest)) != NULL) {
        CHECK(count < TEXTS_MAX);
        texts[count] = octets_of(hex, octets[count]);
        count++;
    }
    if (strcmp(kind, "policy") == 0) {
        answer_policy(profiles, count > 0 ? texts[0] : (struct span){0});
    } else {
        answer_record(profiles, texts, count);
    }
    (void)putchar('\n');
}

int main(void)
{
    static char line[LINE_OCTETS];
    struct buf why = BUF_INIT(BUF_NO_LIMIT);
    struct sender_profiles_file *f = sender_profiles_load(NULL, &why);
    CHECK(f != NULL);
    while (fgets(line, sizeof(line), stdin) != NULL) {
        answer(&f->profiles, line);
    }
    sender_profiles_free(f);
    buf_deinit(&why);
    return 0;
}
