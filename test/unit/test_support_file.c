/* Reading, untrusted paths, whole files and folders or none. */
#include "support/hash.h"
#include "test/support/folder.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* A folder of its own for each test, and what the last diagnostic said. */
typedef struct fixture {
  char *directory;
  sf_diag *diag;
  sf_diag_id id;
  char message[512];
} fixture;

static void listen(void *data, const sf_diag_record *record) {
  fixture *f = data;
  if (record->severity != SF_SEVERITY_ERROR) return;
  f->id = record->id;
  snprintf(f->message, sizeof f->message, "%s", record->message);
}

static int begin(void **state) {
  fixture *f = calloc(1, sizeof *f);
  f->directory = test_folder_create();
  f->diag = sf_diag_create(NULL, SF_DIAG_TEXT);
  sf_diag_listen(f->diag, listen, f);
  *state = f;
  return 0;
}

static int end(void **state) {
  fixture *f = *state;
  sf_remove_tree(f->directory);
  bool removed = !sf_path_exists(f->directory);
  sf_diag_destroy(f->diag);
  free(f->directory);
  free(f);
  return removed ? 0 : 1;
}

/* `directory/name`. */
static const char *at(const fixture *f, const char *name, char out[256]) {
  assert_true(snprintf(out, 256, "%s/%s", f->directory, name) < 256);
  return out;
}

static void write_text(fixture *f, const char *name, const char *text) {
  char path[256];
  assert_int_equal(
      sf_file_write(at(f, name, path), text, strlen(text), f->diag), SF_OK);
}

static void expect_text(fixture *f, const char *name, const char *expected) {
  char path[256], *text;
  size_t size;
  assert_int_equal(sf_file_read(at(f, name, path), 0, f->diag, &text, &size),
                   SF_OK);
  assert_string_equal(text, expected);
  assert_int_equal(size, strlen(expected));
  free(text);
}

static size_t count_names(fixture *f, const char *name) {
  char path[256], **names;
  size_t count;
  assert_int_equal(
      sf_list_directory(at(f, name, path), f->diag, &names, &count), SF_OK);
  for (size_t i = 0; i < count; i++)
    free(names[i]);
  free(names);
  return count;
}

static void a_written_file_reads_and_maps_back(void **state) {
  fixture *f = *state;
  char path[256], digest[65];
  write_text(f, "a", "abc");
  write_text(f, "a", "abc"); /* again, over it */
  expect_text(f, "a", "abc");
  sf_mapped_file file;
  assert_int_equal(sf_file_map(at(f, "a", path), f->diag, &file), SF_OK);
  assert_int_equal(file.size, 3);
  assert_memory_equal(file.data, "abc", 3);
  sf_file_unmap(&file);
  assert_int_equal(sf_sha256_file(path, f->diag, digest), SF_OK);
  assert_int_equal(strncmp(digest, "ba7816bf", 8), 0);
  assert_int_equal(count_names(f, "."), 1); /* no temporary file is left */
}

static void an_empty_file_maps_to_no_bytes(void **state) {
  fixture *f = *state;
  char path[256];
  write_text(f, "empty", "");
  sf_mapped_file file;
  assert_int_equal(sf_file_map(at(f, "empty", path), f->diag, &file), SF_OK);
  assert_int_equal(file.size, 0);
  assert_non_null(file.data);
  sf_file_unmap(&file);
}

static void what_cannot_be_read_says_why(void **state) {
  fixture *f = *state;
  char path[256];
  sf_mapped_file file;
  assert_int_equal(sf_file_map(at(f, "none", path), f->diag, &file), SF_FAIL);
  assert_int_equal(f->id, SF_DIAG_FILE_OPEN);
  assert_non_null(strstr(f->message, "none': No such file or directory"));
  assert_int_equal(sf_file_map(f->directory, f->diag, &file), SF_FAIL);
  assert_non_null(strstr(f->message, "Is a directory"));
  assert_int_equal(mkfifo(at(f, "pipe", path), 0600), 0);
  assert_int_equal(sf_file_map(path, f->diag, &file), SF_FAIL); /* no hang */
  assert_non_null(strstr(f->message, "not a regular file"));
  char *text;
  size_t size;
  assert_int_equal(sf_file_read(f->directory, 0, f->diag, &text, &size),
                   SF_FAIL);
  assert_null(text);
}

static void reading_stops_at_the_limit(void **state) {
  fixture *f = *state;
  char path[256], *text;
  size_t size;
  write_text(f, "a", "12345");
  assert_int_equal(sf_file_read(at(f, "a", path), 5, f->diag, &text, &size),
                   SF_OK);
  free(text);
  assert_int_equal(sf_file_read(path, 4, f->diag, &text, &size), SF_FAIL);
  assert_int_equal(f->id, SF_DIAG_FILE_LIMIT);
  /* Endless input does not fill the memory first. */
  assert_int_equal(sf_file_read("/dev/zero", 100000, f->diag, &text, &size),
                   SF_FAIL);
  assert_int_equal(f->id, SF_DIAG_FILE_LIMIT);
}

/* ---- untrusted paths ---- */

static void expect_path(fixture *f, const char *relative, sf_result expected,
                        sf_diag_id id) {
  char *path;
  f->id = SF_DIAG_COUNT;
  assert_int_equal(
      sf_path_inside(f->directory, relative, SF_NO_LOC, f->diag, &path),
      expected);
  if (expected == SF_OK) {
    assert_true(sf_path_exists(path));
    free(path);
  } else {
    assert_null(path);
    assert_int_equal(f->id, id);
  }
}

static void untrusted_paths_stay_inside_the_folder(void **state) {
  fixture *f = *state;
  char path[256], outside[256];
  assert_int_equal(sf_make_directory(at(f, "in/deep", path), f->diag), SF_OK);
  write_text(f, "in/deep/a", "x");
  write_text(f, "in/..b", "x");
  snprintf(outside, sizeof outside, "%s/in/out", f->directory);
  assert_int_equal(symlink("/etc/passwd", outside), 0);
  snprintf(outside, sizeof outside, "%s/in/up", f->directory);
  assert_int_equal(symlink("../..", outside), 0);
  snprintf(outside, sizeof outside, "%s/in/fine", f->directory);
  assert_int_equal(symlink("deep/a", outside), 0);
  snprintf(outside, sizeof outside, "%s/in/loop", f->directory);
  assert_int_equal(symlink("loop", outside), 0);
  expect_path(f, "in/deep/a", SF_OK, 0);
  expect_path(f, "./in//deep/a", SF_OK, 0);
  expect_path(f, "in/..b", SF_OK, 0);
  expect_path(f, "in/fine", SF_OK, 0);
  expect_path(f, "", SF_FAIL, SF_DIAG_FILE_PATH);
  expect_path(f, "/etc/passwd", SF_FAIL, SF_DIAG_FILE_PATH);
  expect_path(f, "..", SF_FAIL, SF_DIAG_FILE_PATH);
  expect_path(f, "in/../in/deep/a", SF_FAIL, SF_DIAG_FILE_PATH);
  expect_path(f, "in/deep/..", SF_FAIL, SF_DIAG_FILE_PATH);
  expect_path(f, "in/out", SF_FAIL, SF_DIAG_FILE_PATH);
  expect_path(f, "in/up", SF_FAIL, SF_DIAG_FILE_PATH);
  expect_path(f, "in/loop", SF_FAIL, SF_DIAG_FILE_OPEN);
  expect_path(f, "in/none", SF_FAIL, SF_DIAG_FILE_OPEN);
}

/* `model-evil` starts with `model` and is another folder. */
static void a_folder_with_a_longer_name_is_outside(void **state) {
  fixture *f = *state;
  char path[256], folder[256], *inside;
  assert_int_equal(sf_make_directory(at(f, "model", folder), f->diag), SF_OK);
  assert_int_equal(sf_make_directory(at(f, "model-evil", path), f->diag),
                   SF_OK);
  write_text(f, "model-evil/a", "x");
  assert_int_equal(symlink("../model-evil/a", at(f, "model/link", path)), 0);
  assert_int_equal(sf_path_inside(folder, "link", SF_NO_LOC, f->diag, &inside),
                   SF_FAIL);
  assert_int_equal(f->id, SF_DIAG_FILE_PATH);
}

static void paths_split_and_join(void **state) {
  (void)state;
  static const struct {
    const char *path, *directory, *base;
  } rows[] = {{"a/b/c", "a/b", "c"}, {"c", ".", "c"}, {"/c", "/", "c"}};
  for (size_t i = 0; i < SF_COUNT_OF(rows); i++) {
    char *directory = sf_path_directory(rows[i].path);
    assert_string_equal(directory, rows[i].directory);
    assert_string_equal(sf_path_base(rows[i].path), rows[i].base);
    free(directory);
  }
  char *joined = sf_path_join("a/", "b");
  assert_string_equal(joined, "a/b");
  free(joined);
  joined = sf_path_join("a", "b");
  assert_string_equal(joined, "a/b");
  free(joined);
}

/* ---- whole files or none ---- */

static void a_full_disk_is_reported(void **state) {
  fixture *f = *state;
  assert_int_equal(sf_file_write("/dev/full", "x", 1, f->diag), SF_FAIL);
  assert_int_equal(f->id, SF_DIAG_FILE_WRITE);
  assert_non_null(strstr(f->message, "No space left on device"));
  assert_int_equal(sf_diag_exit_code(f->diag), SF_CLASS_SYSTEM);
}

/* In a child, since the limit cannot be raised again: a file that does not fit
 * leaves the old one and nothing beside it. */
static void a_failed_write_leaves_the_old_file(void **state) {
  fixture *f = *state;
  write_text(f, "a", "old");
  pid_t child = fork();
  if (child == 0) {
    char path[256];
    static char large[100000];
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &(struct rlimit){50000, 50000});
    sf_result result =
        sf_file_write(at(f, "a", path), large, sizeof large, f->diag);
    bool reported =
        f->id == SF_DIAG_FILE_WRITE && strstr(f->message, "File too large");
    _exit(result == SF_FAIL && reported ? 0 : 1);
  }
  int status;
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_int_equal(status, 0);
  expect_text(f, "a", "old");
  assert_int_equal(count_names(f, "."), 1);
}

static void writing_into_a_missing_folder_fails(void **state) {
  fixture *f = *state;
  char path[256];
  assert_int_equal(sf_file_write(at(f, "no/a", path), "x", 1, f->diag),
                   SF_FAIL);
  assert_int_equal(f->id, SF_DIAG_FILE_WRITE);
  assert_int_equal(sf_file_write(f->directory, "x", 1, f->diag), SF_FAIL);
  assert_non_null(strstr(f->message, "Is a directory"));
}

static void a_link_keeps_and_its_file_is_replaced(void **state) {
  fixture *f = *state;
  char path[256];
  struct stat info;
  write_text(f, "a", "old");
  assert_int_equal(chmod(at(f, "a", path), 0640), 0);
  assert_int_equal(symlink("a", at(f, "link", path)), 0);
  write_text(f, "link", "new");
  assert_int_equal(lstat(at(f, "link", path), &info), 0);
  assert_true(S_ISLNK(info.st_mode));
  assert_int_equal(stat(at(f, "a", path), &info), 0);
  assert_int_equal(info.st_mode & 0777, 0640);
  expect_text(f, "a", "new");
}

/* ---- folders ---- */

static sf_result make_folder(fixture *f, const char *name, const char *text) {
  char path[256], file[512];
  sf_folder folder;
  SF_TRY(sf_folder_begin(at(f, name, path), f->diag, &folder));
  assert_int_not_equal(strcmp(folder.path, path), 0);
  snprintf(file, sizeof file, "%s/manifest.json", folder.path);
  SF_TRY(sf_file_write(file, text, strlen(text), f->diag));
  return sf_folder_publish(&folder, f->diag);
}

static void a_folder_appears_as_a_whole(void **state) {
  fixture *f = *state;
  assert_int_equal(make_folder(f, "out", "1"), SF_OK);
  expect_text(f, "out/manifest.json", "1");
  assert_int_equal(make_folder(f, "out/", "2"), SF_OK); /* replaces ours */
  expect_text(f, "out/manifest.json", "2");
  assert_int_equal(count_names(f, "."), 1);
}

static void a_discarded_folder_leaves_nothing(void **state) {
  fixture *f = *state;
  char path[256];
  sf_folder folder;
  assert_int_equal(sf_folder_begin(at(f, "out", path), f->diag, &folder),
                   SF_OK);
  assert_false(sf_path_exists(path));
  sf_folder_discard(&folder);
  assert_int_equal(count_names(f, "."), 0);
}

static void a_strangers_folder_is_not_replaced(void **state) {
  fixture *f = *state;
  char path[256];
  assert_int_equal(sf_make_directory(at(f, "home", path), f->diag), SF_OK);
  write_text(f, "home/letter", "dear");
  assert_int_equal(make_folder(f, "home", "1"), SF_FAIL);
  assert_int_equal(f->id, SF_DIAG_FILE_WRITE);
  expect_text(f, "home/letter", "dear");
  assert_int_equal(make_folder(f, "home/letter", "1"), SF_FAIL);
  assert_int_equal(make_folder(f, "no/such", "1"), SF_FAIL);
  assert_int_equal(count_names(f, "."), 1);
  assert_int_equal(sf_make_directory(at(f, "empty", path), f->diag), SF_OK);
  assert_int_equal(make_folder(f, "empty", "1"), SF_OK);
}

/* A link in the tree is removed, not what it names. */
static void removing_a_tree_follows_no_links(void **state) {
  fixture *f = *state;
  char path[256];
  write_text(f, "kept", "x");
  assert_int_equal(sf_make_directory(at(f, "tree/a/b", path), f->diag), SF_OK);
  assert_int_equal(symlink("../../kept", at(f, "tree/a/link", path)), 0);
  assert_int_equal(symlink("../..", at(f, "tree/a/up", path)), 0);
  sf_remove_tree(at(f, "tree", path));
  assert_false(sf_path_exists(path));
  expect_text(f, "kept", "x");
}

static void temporary_folders_are_new_and_where_the_user_wants(void **state) {
  fixture *f = *state;
  char *first, *second;
  const char *own = getenv("TMPDIR");
  char *before = own ? strdup(own) : NULL;
  setenv("TMPDIR", f->directory, 1);
  assert_int_equal(sf_temporary_folder(f->diag, &first), SF_OK);
  assert_int_equal(sf_temporary_folder(f->diag, &second), SF_OK);
  assert_string_not_equal(first, second);
  assert_int_equal(strncmp(first, f->directory, strlen(f->directory)), 0);
  assert_true(sf_path_is_directory(first));
  free(first);
  free(second);
  setenv("TMPDIR", "no/such/folder", 1);
  assert_int_equal(sf_temporary_folder(f->diag, &first), SF_FAIL);
  assert_int_equal(f->id, SF_DIAG_FILE_WRITE);
  assert_null(first);
  unsetenv("TMPDIR");
  if (before) setenv("TMPDIR", before, 1);
  free(before);
}

static void names_are_listed_in_byte_order(void **state) {
  fixture *f = *state;
  static const char *const expected[] = {".hidden", "B", "a", "\xC3\xA4"};
  for (size_t i = 0; i < 4; i++)
    write_text(f, expected[3 - i], "");
  char **names;
  size_t count;
  assert_int_equal(sf_list_directory(f->directory, f->diag, &names, &count),
                   SF_OK);
  assert_int_equal(count, 4);
  for (size_t i = 0; i < count; i++) {
    assert_string_equal(names[i], expected[i]);
    free(names[i]);
  }
  free(names);
  assert_int_equal(sf_list_directory("no/such", f->diag, &names, &count),
                   SF_FAIL);
  assert_int_equal(f->id, SF_DIAG_FILE_OPEN);
}

#define TEST(NAME) cmocka_unit_test_setup_teardown(NAME, begin, end)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(a_written_file_reads_and_maps_back),
      TEST(an_empty_file_maps_to_no_bytes),
      TEST(what_cannot_be_read_says_why),
      TEST(reading_stops_at_the_limit),
      TEST(untrusted_paths_stay_inside_the_folder),
      TEST(a_folder_with_a_longer_name_is_outside),
      TEST(paths_split_and_join),
      TEST(a_full_disk_is_reported),
      TEST(a_failed_write_leaves_the_old_file),
      TEST(writing_into_a_missing_folder_fails),
      TEST(a_link_keeps_and_its_file_is_replaced),
      TEST(a_folder_appears_as_a_whole),
      TEST(a_discarded_folder_leaves_nothing),
      TEST(a_strangers_folder_is_not_replaced),
      TEST(removing_a_tree_follows_no_links),
      TEST(temporary_folders_are_new_and_where_the_user_wants),
      TEST(names_are_listed_in_byte_order),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
