#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "scanner/base/memory.h"
#include "scanner/fleet/control_files.h"
#include "scanner/fleet/topics.h"
#include "scanner/flow/message_check.h"

struct pieces {
    struct buf messages[4];
    size_t count;
};

static void keep(void *arg, struct span message)
{
    struct pieces *p = arg;
    p->messages[p->count] = BUF_INIT(BUF_NO_LIMIT);
    buf_put(&p->messages[p->count++], message);
}

static struct message_fleet_file piece(const struct pieces *p, size_t i)
{
    enum message_kind kind;
    struct span body;
    cr_assert_eq(message_check(buf_span(&p->messages[i]), &kind, &body), MESSAGE_SOUND);
    cr_assert_eq(kind, MESSAGE_FLEET_FILE);
    return message_get_fleet_file(body);
}

static void pieces_free(struct pieces *p)
{
    for (size_t i = 0; i < p->count; i++) {
        buf_deinit(&p->messages[i]);
    }
}

static void make_pieces(struct pieces *p, size_t len)
{
    uint8_t *octets = memory_new(len + 1, 1);
    memset(octets, 'x', len);
    *p = (struct pieces){0};
    control_file_put(3, "roots.pem", (struct span){octets, len}, keep, p);
    free(octets);
}

Test(control_files, pieces_make_a_file)
{
    struct pieces p;
    struct control_files f = {0};
    make_pieces(&p, FLEET_PIECE_MAX + 5);
    cr_assert_eq(p.count, 2);
    struct message_fleet_file first = piece(&p, 0);
    struct message_fleet_file second = piece(&p, 1);
    cr_expect(control_files_add(&f, &first));
    cr_expect_null(control_files_find(&f, 3, "roots.pem"), "a half is none");
    cr_expect(control_files_add(&f, &first), "again");
    cr_expect(control_files_add(&f, &second));
    const struct control_file *file = control_files_find(&f, 3, "roots.pem");
    cr_assert_not_null(file);
    cr_expect_eq(file->octets.len, FLEET_PIECE_MAX + 5);
    cr_expect_null(control_files_find(&f, 2, "roots.pem"), "another member's");
    cr_expect(control_files_add(&f, &second), "again, when it is whole");
    cr_expect_eq(file->octets.len, FLEET_PIECE_MAX + 5);
    control_files_deinit(&f);
    pieces_free(&p);
}

/* A file of one piece. */
static bool add_text(struct control_files *f, uint16_t member, const char *text)
{
    struct pieces p = {0};
    control_file_put(member, "manifest.json", span_of(text), keep, &p);
    struct message_fleet_file only = piece(&p, 0);
    bool added = control_files_add(f, &only);
    pieces_free(&p);
    return added;
}

Test(control_files, of_a_seat_the_last_counts_and_of_feed_the_first)
{
    static const struct {
        uint16_t member;
        const char *counts;
    } of[] = {{3, "second"}, {FLEET_FEED, "first"}};
    for (size_t i = 0; i < sizeof(of) / sizeof(of[0]); i++) {
        struct control_files f = {0};
        cr_expect(add_text(&f, of[i].member, "first"));
        cr_expect(add_text(&f, of[i].member, "second"));
        const struct control_file *file = control_files_find(&f, of[i].member, "manifest.json");
        cr_assert_not_null(file);
        cr_expect(span_eq(buf_span(&file->octets), span_of(of[i].counts)), "%u", of[i].member);
        control_files_deinit(&f);
    }
}

Test(control_files, who_was_killed_in_the_middle_of_a_file_is_in_nobodys_way)
{
    struct pieces longer;
    struct pieces other;
    struct control_files f = {0};
    make_pieces(&longer, FLEET_PIECE_MAX + 5);
    make_pieces(&other, FLEET_PIECE_MAX + 6);
    struct message_fleet_file left = piece(&longer, 0);
    cr_expect(control_files_add(&f, &left));
    for (size_t i = 0; i < other.count; i++) {
        struct message_fleet_file m = piece(&other, i);
        cr_expect(control_files_add(&f, &m));
    }
    const struct control_file *file = control_files_find(&f, 3, "roots.pem");
    cr_assert_not_null(file);
    cr_expect_eq(file->octets.len, FLEET_PIECE_MAX + 6);
    cr_expect_eq(f.octets, FLEET_PIECE_MAX + 6);
    control_files_deinit(&f);
    pieces_free(&longer);
    pieces_free(&other);
}

Test(control_files, an_empty_file_is_one)
{
    struct pieces p;
    struct control_files f = {0};
    make_pieces(&p, 0);
    struct message_fleet_file only = piece(&p, 0);
    cr_expect(control_files_add(&f, &only));
    cr_expect_not_null(control_files_find(&f, 3, "roots.pem"));
    control_files_deinit(&f);
    pieces_free(&p);
}

Test(control_files, what_does_not_fit_is_refused)
{
    struct pieces p;
    struct control_files f = {0};
    make_pieces(&p, FLEET_PIECE_MAX + 5);
    struct message_fleet_file first = piece(&p, 0);
    struct message_fleet_file second = piece(&p, 1);
    cr_expect_not(control_files_add(&f, &second), "without the first");
    cr_expect(control_files_add(&f, &first));
    struct message_fleet_file other = second;
    other.pieces = 3;
    cr_expect_not(control_files_add(&f, &other), "of another file");
    other = second;
    other.octets = span_of("wrong");
    cr_expect_not(control_files_add(&f, &other), "its digest is another");
    cr_expect_null(control_files_find(&f, 3, "roots.pem"));
    control_files_deinit(&f);
    pieces_free(&p);
}
