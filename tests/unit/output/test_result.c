#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <criterion/criterion.h>

#include "output/result_dir.h"
#include "output/result_stream.h"
#include "output/row.h"
#include "scanner/base/memory.h"

static char scratch[64];

static void scratch_new(void)
{
    (void)snprintf(scratch, sizeof(scratch), "/tmp/test_result_XXXXXX");
    cr_assert_not_null(mkdtemp(scratch));
}

static void remove_below(const char *path)
{
    DIR *dir = opendir(path);
    cr_assert_not_null(dir);
    for (const struct dirent *e = readdir(dir); e != NULL; e = readdir(dir)) {
        char name[512];
        (void)snprintf(name, sizeof(name), "%s/%s", path, e->d_name);
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0 && unlink(name) != 0) {
            remove_below(name);
        }
    }
    (void)closedir(dir);
    cr_assert_eq(rmdir(path), 0);
}

static void scratch_remove(void)
{
    remove_below(scratch);
}

TestSuite(result_file, .init = scratch_new, .fini = scratch_remove);
TestSuite(result_dir, .init = scratch_new, .fini = scratch_remove);

static const char *path_of(const char *name)
{
    static char path[256];
    (void)snprintf(path, sizeof(path), "%s/%s", scratch, name);
    return path;
}

static bool exists(const char *name)
{
    struct stat st;
    return stat(path_of(name), &st) == 0;
}

static uint64_t octets_on_disk(const char *name)
{
    struct stat st;
    return stat(path_of(name), &st) == 0 ? (uint64_t)st.st_blocks * 512 : 0;
}

static void read_octets(const char *name, struct buf *out)
{
    FILE *file = fopen(path_of(name), "rb");
    cr_assert_not_null(file, "%s", name);
    size_t len = 0;
    do {
        uint8_t *room = buf_room(out, 65536);
        len = fread(room, 1, 65536, file);
        out->len += len;
    } while (len > 0);
    (void)fclose(file);
}

static void read_gzip(const char *name, struct buf *out)
{
    gzFile file = gzopen(path_of(name), "rb");
    cr_assert_not_null(file);
    int len = 0;
    do {
        len = gzread(file, buf_room(out, 65536), 65536);
        cr_assert_geq(len, 0, "%s", name);
        out->len += (size_t)len;
    } while (len > 0);
    cr_assert_eq(gzclose(file), Z_OK);
}

/* @return how many frames. */
static size_t read_zstd(const char *name, struct buf *out)
{
    struct buf in = BUF_INIT(BUF_NO_LIMIT);
    read_octets(name, &in);
    ZSTD_DCtx *zstd = ZSTD_createDCtx();
    ZSTD_inBuffer from = {in.at, in.len, 0};
    size_t frames = 0;
    size_t left = 0;
    while (from.pos < from.size) {
        ZSTD_outBuffer to = {buf_room(out, 65536), 65536, 0};
        left = ZSTD_decompressStream(zstd, &to, &from);
        cr_assert(!ZSTD_isError(left), "%s", name);
        out->len += to.pos;
        frames += left == 0;
    }
    cr_assert_eq(left, 0, "%s: the last frame is not complete", name);
    (void)ZSTD_freeDCtx(zstd);
    buf_deinit(&in);
    return frames;
}

static void read_rows(const char *name, enum result_codec codec, struct buf *out)
{
    switch (codec) {
    case RESULT_CODEC_NONE:
        read_octets(name, out);
        break;
    case RESULT_CODEC_GZIP:
        read_gzip(name, out);
        break;
    case RESULT_CODEC_ZSTD:
        (void)read_zstd(name, out);
        break;
    }
}

/* A digest that adds up octets: shows which ones were fed, in number and in sum. */
static void *sum_begin(void)
{
    return memory_new(2, sizeof(uint64_t));
}

static void sum_add(void *digest, struct span octets)
{
    uint64_t *sum = digest;
    sum[0] += octets.len;
    for (size_t i = 0; i < octets.len; i++) {
        sum[1] = sum[1] * 31 + octets.at[i];
    }
}

static void sum_end(void *digest, uint8_t out[32])
{
    memset(out, 0, 32);
    memcpy(out, digest, 2 * sizeof(uint64_t));
    free(digest);
}

static const struct digest_ops sums = {sum_begin, sum_add, sum_end};

static void expect_sum(const struct result_file_info *info)
{
    struct buf octets = BUF_INIT(BUF_NO_LIMIT);
    uint8_t want[32];
    read_octets(info->name, &octets);
    void *digest = sum_begin();
    sum_add(digest, buf_span(&octets));
    sum_end(digest, want);
    cr_expect(info->has_sha256);
    cr_expect_eq(memcmp(want, info->sha256, sizeof(want)), 0, "%s", info->name);
    cr_expect_eq(info->octets, octets.len, "%s", info->name);
    buf_deinit(&octets);
}

static struct result_file *open_file(int dir_fd, const char *name, enum result_codec codec,
                                     bool row_is_line, struct span head)
{
    struct result_error err = {0};
    struct result_file_params params = {.dir_fd = dir_fd,
                                        .dir = scratch,
                                        .name = name,
                                        .codec = codec,
                                        .digest = &sums,
                                        .head = head,
                                        .row_is_line = row_is_line};
    struct result_file *f = result_file_new(&params, &err);
    cr_assert_not_null(f, "%s: %s", err.what, strerror(err.error));
    return f;
}

/* Row `n`, hard to compress so that files get long. */
static void put_row(struct buf *out, uint64_t n)
{
    buf_putf(out, "{\"n\":%llu,\"x\":\"", (unsigned long long)n);
    uint64_t x = n * UINT64_C(0x9e3779b97f4a7c15) + 1;
    for (int i = 0; i < 16; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        buf_put_hex(out, (struct span){(const uint8_t *)&x, sizeof(x)});
    }
    buf_put_text(out, "\"}\n");
}

#define ROWS 40000 /* about 11 MB: more than one frame */

Test(result_file, what_went_in_comes_out)
{
    static const enum result_codec codecs[] = {RESULT_CODEC_NONE, RESULT_CODEC_GZIP,
                                               RESULT_CODEC_ZSTD};
    int dir_fd = open(scratch, O_RDONLY | O_DIRECTORY);
    for (size_t c = 0; c < 3; c++) {
        struct buf all = BUF_INIT(BUF_NO_LIMIT);
        struct buf one = BUF_INIT(BUF_NO_LIMIT);
        struct buf back = BUF_INIT(BUF_NO_LIMIT);
        struct result_file *f = open_file(dir_fd, "rows", codecs[c], true, SPAN_LIT("head\r\n"));
        buf_put_text(&all, "head\r\n");
        for (uint64_t n = 0; n < ROWS; n++) {
            buf_reset(&one);
            put_row(&one, n);
            buf_put(&all, buf_span(&one));
            cr_assert(result_file_append(f, buf_span(&one), 1));
        }
        cr_expect(result_file_finish(f, c == 0));
        const struct result_file_info *info = result_file_info(f);
        cr_expect_eq(info->rows, ROWS);
        cr_expect_eq(info->rows_lost, 0);
        expect_sum(info);
        read_rows(info->name, codecs[c], &back);
        cr_expect(span_eq(buf_span(&all), buf_span(&back)), "%s", info->name);
        result_file_free(f);
        buf_deinit(&all);
        buf_deinit(&one);
        buf_deinit(&back);
    }
    cr_expect(exists("rows") && exists("rows.gz") && exists("rows.zst"));
    cr_expect(!exists("rows.part") && !exists("rows.gz.part") && !exists("rows.zst.part"));
    struct buf back = BUF_INIT(BUF_NO_LIMIT);
    cr_expect_eq(read_zstd("rows.zst", &back), 2, "a frame ends at least every 8 MiB");
    buf_deinit(&back);
    (void)close(dir_fd);
}

/* Rows that are much alike, as ours are: what a level is for. */
static uint64_t octets_at_level(int dir_fd, enum result_codec codec, unsigned level)
{
    struct result_error err = {0};
    struct result_file_params params = {.dir_fd = dir_fd,
                                        .dir = scratch,
                                        .name = "level",
                                        .codec = codec,
                                        .level = level,
                                        .row_is_line = true};
    struct result_file *f = result_file_new(&params, &err);
    cr_assert_not_null(f, "%s", err.what);
    struct buf all = BUF_INIT(BUF_NO_LIMIT);
    struct buf back = BUF_INIT(BUF_NO_LIMIT);
    for (uint64_t n = 0; n < 4000; n++) {
        size_t at = all.len;
        put_row(&all, n % 7 * 1000 + n % 11);
        buf_putf(&all, "{\"key\":\"%llu\",\"name\":\"mx%llu.example.org\"}\n",
                 (unsigned long long)(n * 7919), (unsigned long long)(n % 13));
        cr_assert(result_file_append(f, span_drop(buf_span(&all), at), 2));
    }
    cr_assert(result_file_finish(f, false));
    read_rows(result_file_info(f)->name, codec, &back);
    cr_expect(span_eq(buf_span(&all), buf_span(&back)), "level %u", level);
    uint64_t octets = result_file_info(f)->octets;
    result_file_free(f);
    buf_deinit(&all);
    buf_deinit(&back);
    return octets;
}

Test(result_file, a_level_is_a_choice_of_size)
{
    static const struct {
        enum result_codec codec;
        unsigned same_as_default; /* zlib.h and zstd.h */
    } rows[] = {{RESULT_CODEC_GZIP, 6}, {RESULT_CODEC_ZSTD, 3}};
    int dir_fd = open(scratch, O_RDONLY | O_DIRECTORY);
    for (size_t i = 0; i < 2; i++) {
        enum result_codec codec = rows[i].codec;
        uint64_t ordinary = octets_at_level(dir_fd, codec, 0);
        cr_expect_eq(octets_at_level(dir_fd, codec, rows[i].same_as_default), ordinary);
        cr_expect_lt(octets_at_level(dir_fd, codec, result_codec_max_level(codec)), ordinary);
    }
    (void)close(dir_fd);
}

/* Without one row, a file is still valid for its codec, and a flush makes rows readable. */
Test(result_file, empty_and_flushed)
{
    static const enum result_codec codecs[] = {RESULT_CODEC_NONE, RESULT_CODEC_GZIP,
                                               RESULT_CODEC_ZSTD};
    static const char *const names[] = {"rows.part", "rows.gz.part", "rows.zst.part"};
    int dir_fd = open(scratch, O_RDONLY | O_DIRECTORY);
    for (size_t c = 0; c < 3; c++) {
        struct buf back = BUF_INIT(BUF_NO_LIMIT);
        struct result_file *f = open_file(dir_fd, "empty", codecs[c], true, (struct span){0});
        cr_expect(result_file_finish(f, false));
        read_rows(result_file_info(f)->name, codecs[c], &back);
        cr_expect_eq(back.len, 0);
        expect_sum(result_file_info(f));
        result_file_free(f);

        f = open_file(dir_fd, "rows", codecs[c], true, (struct span){0});
        cr_expect(result_file_append(f, SPAN_LIT("{}\n"), 1));
        cr_expect(result_file_flush(f));
        cr_expect(result_file_flush(f));
        read_rows(names[c], codecs[c], &back);
        cr_expect(span_eq(buf_span(&back), SPAN_LIT("{}\n")));
        cr_expect(result_file_append(f, SPAN_LIT("[]\n"), 1));
        cr_expect(result_file_finish(f, false));
        buf_reset(&back);
        read_rows(result_file_info(f)->name, codecs[c], &back);
        cr_expect(span_eq(buf_span(&back), SPAN_LIT("{}\n[]\n")));
        result_file_free(f);
        buf_deinit(&back);
    }
    (void)close(dir_fd);
}

/* The file may grow to `octets`: a write across that is done in part, the next one fails. */
static void limit_files(rlim_t octets)
{
    (void)signal(SIGXFSZ, SIG_IGN);
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &(struct rlimit){octets, RLIM_INFINITY}), 0);
}

struct full_case {
    enum result_codec codec;
    bool row_is_line;
    rlim_t limit;
};

static const struct full_case full_cases[] = {
    {RESULT_CODEC_NONE, true, 100},    /* in the first batch, before a row is whole */
    {RESULT_CODEC_NONE, true, 1000},   /* in the first batch */
    {RESULT_CODEC_NONE, true, 600001}, /* in a later one */
    {RESULT_CODEC_NONE, false, 600001}, /* CSV: only the end of a batch is known to be one of a row */
    {RESULT_CODEC_GZIP, true, 3000000}, /* in the first frame */
    {RESULT_CODEC_GZIP, true, 5300000}, /* in the second one */
    {RESULT_CODEC_ZSTD, true, 3000000}, {RESULT_CODEC_ZSTD, true, 5300000},
};

static void check_full(int dir_fd, const struct full_case *c)
{
    struct buf one = BUF_INIT(BUF_NO_LIMIT);
    struct buf back = BUF_INIT(BUF_NO_LIMIT);
    struct buf want = BUF_INIT(BUF_NO_LIMIT);
    struct result_file *f = open_file(dir_fd, "rows", c->codec, c->row_is_line, (struct span){0});
    limit_files(c->limit);
    size_t failures = 0;
    for (uint64_t n = 0; n < ROWS; n++) {
        buf_reset(&one);
        put_row(&one, n);
        failures += !result_file_append(f, buf_span(&one), 1);
    }
    bool finished = result_file_finish(f, true);
    limit_files(RLIM_INFINITY);
    const struct result_file_info *info = result_file_info(f);
    cr_expect(!finished && failures > 0);
    cr_expect_eq(result_file_error(f)->error, EFBIG);
    cr_expect_not_null(strstr(result_file_error(f)->what, "write /tmp/test_result_"));
    cr_expect(!info->has_sha256);
    cr_expect_eq(info->rows + info->rows_lost, ROWS);
    cr_expect_leq(info->octets, c->limit);

    read_rows(info->name, c->codec, &back);
    for (uint64_t n = 0; n < info->rows; n++) {
        put_row(&want, n);
    }
    cr_expect(span_eq(buf_span(&want), buf_span(&back)), "%d at %lu: %lu rows said, %zu octets",
              (int)c->codec, (unsigned long)c->limit, (unsigned long)info->rows, back.len);
    if (c->codec == RESULT_CODEC_NONE && c->row_is_line) {
        cr_expect_lt(c->limit - info->octets, 400, "no whole row is given up");
    }
    if (c->limit > 5000000) {
        cr_expect_gt(info->rows, 0, "the first frame is kept");
    }
    result_file_free(f);
    buf_deinit(&one);
    buf_deinit(&back);
    buf_deinit(&want);
}

Test(result_file, a_full_disk_leaves_whole_rows)
{
    int dir_fd = open(scratch, O_RDONLY | O_DIRECTORY);
    for (size_t i = 0; i < sizeof(full_cases) / sizeof(full_cases[0]); i++) {
        check_full(dir_fd, &full_cases[i]);
    }
    (void)close(dir_fd);
}

Test(result_file, small_files_are_whole_or_not_there)
{
    int dir_fd = open(scratch, O_RDONLY | O_DIRECTORY);
    struct result_error err = {0};
    struct buf back = BUF_INIT(BUF_NO_LIMIT);
    cr_expect(result_file_write_whole(dir_fd, scratch, "state.json", SPAN_LIT("old"), &err));

    limit_files(2);
    cr_expect(!result_file_write_whole(dir_fd, scratch, "state.json", SPAN_LIT("longer"), &err));
    limit_files(RLIM_INFINITY);
    cr_expect_eq(err.error, EFBIG);
    cr_expect(!exists("state.json.tmp"));
    read_octets("state.json", &back);
    cr_expect(span_eq(buf_span(&back), SPAN_LIT("old")), "the old one stays");

    err = (struct result_error){0};
    cr_expect(result_file_write_whole(dir_fd, scratch, "state.json", SPAN_LIT("longer"), &err));
    buf_reset(&back);
    read_octets("state.json", &back);
    cr_expect(span_eq(buf_span(&back), SPAN_LIT("longer")));
    cr_expect_eq(err.error, 0);
    buf_deinit(&back);
    (void)close(dir_fd);
}

static struct result_dir *open_dir(const char *name, enum result_codec codec,
                                   struct result_error *err)
{
    struct result_dir_params params = {
        .path = path_of(name), .ndjson = true, .csv = true, .codec = codec, .digest = sums};
    return result_dir_new(&params, err);
}

Test(result_dir, must_be_absent_or_empty)
{
    struct result_error err = {0};
    cr_assert_eq(mkdir(path_of("empty"), 0700), 0);
    struct result_dir *d = open_dir("empty", RESULT_CODEC_NONE, &err);
    cr_expect_not_null(d);
    cr_expect_null(open_dir("empty", RESULT_CODEC_NONE, &err), "the .part files are in it");
    cr_expect_eq(err.error, ENOTEMPTY);
    result_dir_free(d);

    err = (struct result_error){0};
    cr_expect_null(open_dir("no/such/parent", RESULT_CODEC_NONE, &err));
    cr_expect_eq(err.error, ENOENT);
    cr_expect_not_null(strstr(err.what, "no/such/parent"));

    err = (struct result_error){0};
    FILE *file = fopen(path_of("file"), "wb");
    cr_assert_not_null(file);
    (void)fclose(file);
    cr_expect_null(open_dir("file", RESULT_CODEC_NONE, &err));
    cr_expect_eq(err.error, ENOTDIR);
}

/* A look makes nothing, and sees what rights alone do not show. Build roots have no /sys, or a directory in its place. */
Test(result_dir, a_look_sees_what_takes_no_directory)
{
    static const char *const refused[] = {"/proc/mxcensus", "/no/such/parent"};
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        struct result_error err = {0};
        cr_expect_not(result_dir_look(refused[i], &err), "%s", refused[i]);
        cr_expect_not_null(strstr(err.what, refused[i]));
        cr_expect_neq(err.error, 0, "%s", refused[i]);
    }
    struct result_error err = {0};
    cr_expect(result_dir_look(path_of("new"), &err));
    cr_expect_neq(access(path_of("new"), F_OK), 0, "nothing is made");
    cr_assert_eq(mkdir(path_of("there"), 0700), 0);
    cr_expect(result_dir_look(path_of("there"), &err));
}

/* Too few descriptors for the files: nothing stays behind, so that the user can try again. */
Test(result_dir, failing_to_create_cleans_up)
{
    struct result_error err = {0};
    struct rlimit before;
    cr_assert_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
    int next = dup(0);
    (void)close(next);
    struct rlimit tight = {(rlim_t)next + 5, before.rlim_max};
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &tight), 0);
    cr_expect_null(open_dir("results", RESULT_CODEC_GZIP, &err));
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
    cr_expect_eq(err.error, EMFILE);
    struct result_dir *d = open_dir("results", RESULT_CODEC_GZIP, &err);
    cr_expect_not_null(d);
    result_dir_free(d);
}

static void check_finished(const struct result_dir *d, const char *dir)
{
    size_t count = 0;
    const struct result_file_info *info = NULL;
    while ((info = result_dir_file(d, count)) != NULL) {
        char name[128];
        (void)snprintf(name, sizeof(name), "%s/%s", dir, info->name);
        cr_expect(exists(name), "%s", name);
        cr_expect(info->has_sha256);
        count++;
    }
    size_t expected = 0;
    for (unsigned t = 0; t < TABLE_COUNT; t++) {
        bool lean_only = !row_shape_has_table(NULL, (enum table_id)t);
        expected += lean_only ? 0 : table_is_csv_only((enum table_id)t) ? 1 : 2;
    }
    cr_expect_eq(count, expected,
                 "every table of full detail in CSV, and in NDJSON unless it is for CSV alone");
    cr_expect_null(result_dir_file_of(d, TABLE_ROUTES, ROW_FORMAT_NDJSON));
    info = result_dir_file_of(d, TABLE_CHAINS, ROW_FORMAT_NDJSON);
    cr_expect_eq(info->rows, 2);
    cr_expect_eq(result_dir_file_of(d, TABLE_CHAINS, ROW_FORMAT_CSV)->rows, 1);
    cr_expect_eq(result_dir_rows_lost(d), 0);
    cr_expect_eq(result_dir_error(d)->error, 0);
}

/* After a failure all files are as at the last mark: what belongs together is there together. */
Test(result_dir, a_failure_leaves_what_was_marked)
{
    for (size_t i = 0; i < 2; i++) {
        struct result_error err = {0};
        struct result_dir *d = open_dir(i == 0 ? "plain" : "zstd",
                                        i == 0 ? RESULT_CODEC_NONE : RESULT_CODEC_ZSTD, &err);
        cr_assert_not_null(d);
        cr_expect(result_dir_append(d, TABLE_CHAINS, ROW_FORMAT_NDJSON, SPAN_LIT("{}\n{}\n"), 2));
        cr_expect(result_dir_append(d, TABLE_HOSTS, ROW_FORMAT_NDJSON, SPAN_LIT("{}\n"), 1));
        cr_expect(result_dir_mark(d, &(struct journal_progress){0}, false));
        uint64_t octets = result_dir_file_of(d, TABLE_CHAINS, ROW_FORMAT_NDJSON)->octets;
        struct buf much = BUF_INIT(BUF_NO_LIMIT);
        uint32_t draw = 1;
        for (int n = 0; n < 1 << 20; n++) { /* that no codec makes smaller */
            draw = draw * 1664525 + 1013904223;
            buf_put_char(&much, draw >> 24 == '\n' ? ' ' : (char)(draw >> 24));
        }
        buf_put_char(&much, '\n');
        cr_expect(result_dir_append(d, TABLE_CHAINS, ROW_FORMAT_NDJSON, SPAN_LIT("{}\n"), 1));
        (void)signal(SIGXFSZ, SIG_IGN);
        limit_files(4096);
        (void)result_dir_append(d, TABLE_HOSTS, ROW_FORMAT_NDJSON, buf_span(&much), 1);
        cr_expect(!result_dir_mark(d, &(struct journal_progress){0}, false));
        limit_files(RLIM_INFINITY);
        cr_expect(!result_dir_append(d, TABLE_HOSTS, ROW_FORMAT_NDJSON, SPAN_LIT("{}\n"), 1));
        cr_expect(!result_dir_interrupt(d));
        const struct result_file_info *chains =
            result_dir_file_of(d, TABLE_CHAINS, ROW_FORMAT_NDJSON);
        const struct result_file_info *hosts =
            result_dir_file_of(d, TABLE_HOSTS, ROW_FORMAT_NDJSON);
        cr_expect_eq(chains->rows, 2);
        cr_expect_eq(chains->rows_lost, 1);
        cr_expect_eq(chains->octets, octets);
        cr_expect(!chains->has_sha256);
        cr_expect_eq(hosts->rows, 1);
        cr_expect_eq(hosts->rows_lost, 2);
        cr_expect(exists(i == 0 ? "plain/hosts.ndjson" : "zstd/hosts.ndjson.zst"));
        buf_deinit(&much);
        result_dir_free(d);
    }
}

Test(result_dir, finished_and_interrupted)
{
    static const char *const dirs[] = {"finished", "interrupted"};
    for (size_t i = 0; i < 2; i++) {
        struct result_error err = {0};
        struct result_dir *d = open_dir(dirs[i], RESULT_CODEC_ZSTD, &err);
        cr_assert_not_null(d);
        char reserve[64];
        (void)snprintf(reserve, sizeof(reserve), "%s/%s", dirs[i], RESULT_RESERVE_NAME);
        cr_expect_eq(octets_on_disk(reserve), RESULT_RESERVE_LEN, "%s", reserve);
        cr_expect(result_dir_append(d, TABLE_CHAINS, ROW_FORMAT_NDJSON, SPAN_LIT("{}\n{}\n"), 2));
        cr_expect(result_dir_append(d, TABLE_CHAINS, ROW_FORMAT_CSV, SPAN_LIT("1\r\n"), 1));
        cr_expect(result_dir_append(d, TABLE_ROUTES, ROW_FORMAT_NDJSON, SPAN_LIT("x\n"), 1));
        cr_expect(result_dir_mark(d, &(struct journal_progress){0}, false));
        cr_expect(i == 0 ? result_dir_finish(d) : result_dir_interrupt(d));
        cr_expect(!exists(reserve));
        cr_expect(
            result_dir_write_file(d, i == 0 ? "manifest.json" : "state.json", SPAN_LIT("{}\n")));
        check_finished(d, dirs[i]);
        result_dir_free(d);
    }
    struct buf header = BUF_INIT(BUF_NO_LIMIT);
    struct buf back = BUF_INIT(BUF_NO_LIMIT);
    row_put_csv_header(TABLE_CHAINS, NULL, &header);
    buf_put_text(&header, "1\r\n");
    (void)read_zstd("finished/chains.csv.zst", &back);
    cr_expect(span_eq(buf_span(&header), buf_span(&back)));
    cr_expect(exists("interrupted/state.json") && !exists("interrupted/manifest.json"));
    buf_deinit(&header);
    buf_deinit(&back);
}

/* Rows of endpoints that come ahead are in the cut of an unfinished directory, and of no complete one. */
Test(result_dir, rows_ahead)
{
    static const enum result_codec codecs[] = {RESULT_CODEC_NONE, RESULT_CODEC_ZSTD};
    static const char *const names[] = {"ahead0/" RESULT_AHEAD_NAME ".ndjson",
                                        "ahead1/" RESULT_AHEAD_NAME ".ndjson.zst"};
    for (size_t i = 0; i < 2; i++) {
        struct result_error err = {0};
        char path[256];
        (void)snprintf(path, sizeof(path), "%s", path_of(i == 0 ? "ahead0" : "ahead1"));
        const struct result_dir_params params = {
            .path = path, .ndjson = true, .codec = codecs[i], .journal = true, .ahead = true};
        struct result_dir *d = result_dir_new(&params, &err);
        struct buf why = BUF_INIT(BUF_NO_LIMIT);
        struct result_cut cut;
        cr_assert_not_null(d);
        cr_expect(result_dir_append_ahead(d, SPAN_LIT("{}\n{}\n"), 2));
        cr_expect(result_dir_mark(d, &(struct journal_progress){0}, false));
        cr_expect(result_dir_append_ahead(d, SPAN_LIT("lost"), 1));
        result_dir_free(d); /* as a kill leaves it */
        cr_assert(result_cut_read(&cut, path, &why), "%.*s", (int)why.len, (const char *)why.at);
        size_t at = result_cut_find(&cut, RESULT_AHEAD_NAME ".ndjson");
        cr_assert_neq(at, SIZE_MAX);
        cr_expect_eq(cut.journal.last.files[at].rows, 2);
        const struct result_dir_params without = {
            .path = path, .ndjson = true, .codec = codecs[i], .journal = true};
        cr_expect_null(result_dir_reopen(&without, &cut, &err));
        cr_expect_eq(err.error, EINVAL, "its files are others");
        err = (struct result_error){0};
        d = result_dir_reopen(&params, &cut, &err);
        cr_assert_not_null(d, "%s", err.what);
        cr_expect(result_dir_finish(d));
        cr_expect(exists(names[i]), "as long as there is no manifest");
        for (size_t k = 0; result_dir_file(d, k) != NULL; k++) {
            cr_expect_null(strstr(result_dir_file(d, k)->name, RESULT_AHEAD_NAME));
        }
        result_dir_forget(d, "started.json");
        cr_expect(!exists(names[i]));
        cr_expect(!exists(i == 0 ? "ahead0/" JOURNAL_NAME : "ahead1/" JOURNAL_NAME));
        result_dir_free(d);
        result_cut_deinit(&cut);
        buf_deinit(&why);
    }
}

/* Whoever removes the directory takes rows that were written long before. */
Test(result_dir, removed_while_in_use)
{
    static const enum result_codec codecs[] = {RESULT_CODEC_NONE, RESULT_CODEC_ZSTD};
    for (size_t i = 0; i < 4; i++) {
        struct result_error err = {0};
        struct result_dir *d = open_dir("gone", codecs[i / 2], &err);
        cr_assert_not_null(d);
        cr_expect(result_dir_append(d, TABLE_CHAINS, ROW_FORMAT_NDJSON, SPAN_LIT("{}\n{}\n"), 2));
        cr_expect(result_dir_mark(d, &(struct journal_progress){0}, false));
        cr_expect(result_dir_append(d, TABLE_CHAINS, ROW_FORMAT_NDJSON, SPAN_LIT("{}\n"), 1));
        char command[300];
        (void)snprintf(command, sizeof(command), "rm -r %s", path_of("gone"));
        cr_assert_eq(system(command), 0);
        if (i % 2 == 1) { /* seen while the scan goes on */
            cr_expect(!result_dir_mark(d, &(struct journal_progress){0}, false));
            cr_expect_eq(result_dir_rows_lost(d), 3);
            cr_expect(!result_dir_append(d, TABLE_CHAINS, ROW_FORMAT_NDJSON, SPAN_LIT("{}\n"), 1));
        }
        cr_expect(!result_dir_finish(d));
        cr_expect_eq(result_dir_rows_lost(d), i % 2 == 1 ? 4 : 3);
        cr_expect_eq(result_dir_file_of(d, TABLE_CHAINS, ROW_FORMAT_NDJSON)->rows, 0);
        cr_expect_eq(result_dir_error(d)->error, ENOENT);
        cr_expect(!result_dir_write_file(d, "state.json", SPAN_LIT("{}\n")));
        result_dir_free(d);
    }
}

/* The first failure is kept; other tables still take rows. */
Test(result_dir, one_full_file)
{
    struct result_error err = {0};
    struct result_dir *d = open_dir("results", RESULT_CODEC_NONE, &err);
    struct buf rows = BUF_INIT(BUF_NO_LIMIT);
    cr_assert_not_null(d);
    for (uint64_t n = 0; n < 100; n++) {
        put_row(&rows, n);
    }
    limit_files(2000);
    cr_expect(result_dir_append(d, TABLE_HOSTS, ROW_FORMAT_NDJSON, buf_span(&rows), 100));
    cr_expect(result_dir_append(d, TABLE_CHAINS, ROW_FORMAT_NDJSON, SPAN_LIT("{}\n"), 1));
    cr_expect(!result_dir_finish(d));
    limit_files(RLIM_INFINITY);
    cr_expect_eq(result_dir_error(d)->error, EFBIG);
    cr_expect_not_null(strstr(result_dir_error(d)->what, "hosts.ndjson"));
    const struct result_file_info *hosts = result_dir_file_of(d, TABLE_HOSTS, ROW_FORMAT_NDJSON);
    cr_expect_eq(result_dir_rows_lost(d), 100 - hosts->rows);
    cr_expect_gt(hosts->rows, 0);
    cr_expect_eq(result_dir_file_of(d, TABLE_CHAINS, ROW_FORMAT_NDJSON)->rows, 1);
    cr_expect(exists("results/hosts.ndjson") && exists("results/chains.ndjson"));
    result_dir_free(d);
    buf_deinit(&rows);
}

Test(result_stream, full_and_gone)
{
    struct result_stream s;
    result_stream_init(&s, open("/dev/full", O_WRONLY), NULL);
    cr_expect(result_stream_append(&s, SPAN_LIT("{}\n{}\n"), 2));
    cr_expect(!result_stream_flush(&s));
    cr_expect_eq(s.error.error, ENOSPC);
    cr_expect(!result_stream_append(&s, SPAN_LIT("{}\n"), 1));
    cr_expect_eq(s.rows, 0);
    cr_expect_eq(s.rows_lost, 3);
    (void)close(s.fd);
    result_stream_deinit(&s);

    int ends[2];
    cr_assert_eq(pipe(ends), 0);
    result_stream_init(&s, ends[1], NULL);
    (void)close(ends[0]);
    cr_expect(result_stream_append(&s, SPAN_LIT("{}\n"), 1));
    cr_expect(!result_stream_flush(&s));
    cr_expect_eq(s.error.error, EPIPE);
    (void)close(ends[1]);
    result_stream_deinit(&s);
}

static void *drain(void *arg)
{
    const int *fd = arg;
    uint64_t *total = memory_new(1, sizeof(*total));
    uint8_t octets[4096];
    for (ssize_t n = 1; n > 0;) {
        n = read(*fd, octets, sizeof(octets));
        *total += n > 0 ? (uint64_t)n : 0;
    }
    return total;
}

/* A non-blocking pipe takes part of a write; the rest waits for the reader. */
Test(result_stream, writes_in_part)
{
    int ends[2];
    struct result_stream s;
    struct buf one = BUF_INIT(BUF_NO_LIMIT);
    uint64_t sent = 0;
    pthread_t reader;
    cr_assert_eq(pipe(ends), 0);
    cr_assert_eq(fcntl(ends[1], F_SETFL, O_NONBLOCK), 0);
    cr_assert_eq(pthread_create(&reader, NULL, drain, &ends[0]), 0);
    result_stream_init(&s, ends[1], NULL);
    for (uint64_t n = 0; n < 5000; n++) {
        buf_reset(&one);
        put_row(&one, n);
        sent += one.len;
        cr_assert(result_stream_append(&s, buf_span(&one), 1));
    }
    cr_expect(result_stream_flush(&s));
    cr_expect_eq(s.rows, 5000);
    (void)close(ends[1]);
    void *total = NULL;
    cr_assert_eq(pthread_join(reader, &total), 0);
    cr_expect_eq(*(uint64_t *)total, sent);
    free(total);
    (void)close(ends[0]);
    result_stream_deinit(&s);
    buf_deinit(&one);
}
