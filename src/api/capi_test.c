/* The C interface from strict C99: what it tells and computes, and that hostile arguments are
 * refused, not followed. usage: potlut_capi_test FIXTURE_FOLDER */
#include <potlut/potlut.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int failures = 0;

#define EXPECT(condition)                                                     \
  do {                                                                        \
    if (!(condition)) {                                                       \
      fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
      ++failures;                                                             \
    }                                                                         \
  } while (0)

/* The call must fail with `code`, and say so in `error`. */
#define EXPECT_ERROR(code, call)                                     \
  do {                                                               \
    memset(&error, 'x', sizeof(error));                              \
    EXPECT((call) == (code));                                        \
    EXPECT(error.status == (code));                                  \
    EXPECT(memchr(error.message, 0, sizeof(error.message)) != NULL); \
    EXPECT(error.message[0] != 0);                                   \
  } while (0)

enum { kHeight = 6, kWidth = 5, kPixels = kHeight * kWidth, kBytes = kPixels * 3 };

static potlut_error error;

static unsigned char* ReadAll(const char* path, size_t* size) {
  FILE* file = fopen(path, "rb");
  unsigned char* bytes = NULL;
  if (file == NULL) return NULL;
  fseek(file, 0, SEEK_END);
  *size = (size_t)ftell(file);
  rewind(file);
  bytes = malloc(*size);
  if (bytes != NULL && fread(bytes, 1, *size, file) != *size) {
    free(bytes);
    bytes = NULL;
  }
  fclose(file);
  return bytes;
}

static void FillPicture(unsigned char* image) {
  for (int i = 0; i < kPixels; ++i) {
    image[3 * i] = (unsigned char)(200 + i);
    image[3 * i + 1] = (unsigned char)(40 + i);
    image[3 * i + 2] = (unsigned char)(90 - i);
  }
}

/* What fixture.cc's model is: means of the colours, then 4 for one's own and -1 for the others. */
static void ExpectedLogits(const unsigned char* image, int mean[3], int logits[4]) {
  for (int c = 0; c < 3; ++c) {
    int sum = 0;
    for (int i = 0; i < kPixels; ++i) sum += image[3 * i + c] - 128;
    sum += 16; /* rounded shift by 5 of what may be negative */
    mean[c] = sum >= 0 ? sum / 32 : -((-sum + 31) / 32);
  }
  for (int k = 0; k < 3; ++k) logits[k] = 5 * mean[k] - mean[0] - mean[1] - mean[2];
  logits[3] = 100 - mean[0] - mean[1] - mean[2];
}

static void TestVersionAndNames(void) {
  char text[64];
  snprintf(text, sizeof(text), "%d.%d.%d", POTLUT_VERSION_MAJOR, POTLUT_VERSION_MINOR,
           POTLUT_VERSION_PATCH);
  EXPECT(strcmp(potlut_version(), text) == 0);
  EXPECT(potlut_version_number() == POTLUT_VERSION_NUMBER);
  EXPECT(potlut_isa_available(POTLUT_ISA_AUTO) == 1);
  EXPECT(potlut_isa_available(POTLUT_ISA_PORTABLE) == 1);
  EXPECT(potlut_isa_available((potlut_isa)77) == 0);
  EXPECT(strcmp(potlut_isa_name(POTLUT_ISA_AVX512VNNI), "avx512vnni") == 0);
  EXPECT(strcmp(potlut_isa_name((potlut_isa)77), "unknown") == 0);
  EXPECT(strcmp(potlut_status_text(POTLUT_OK), "ok") == 0);
  EXPECT(strcmp(potlut_status_text(POTLUT_BAD_INPUT), "bad input") == 0);
  EXPECT(potlut_status_text((potlut_status)99)[0] != 0);
}

static void TestDescription(const potlut_model* model) {
  potlut_tensor_info info;
  EXPECT(potlut_model_input(model, &info, NULL) == POTLUT_OK);
  EXPECT(info.height == kHeight && info.width == kWidth && info.channels == 3);
  EXPECT(info.bits == 8 && info.is_signed == 0 && info.count == kBytes && info.bytes == kBytes);
  EXPECT(strcmp(info.name, "image") == 0);
  EXPECT(potlut_model_output_count(model) == 3);
  EXPECT(potlut_model_output(model, 0, &info, &error) == POTLUT_OK);
  EXPECT(error.status == POTLUT_OK && error.message[0] == 0);
  EXPECT(info.height == 1 && info.width == 1 && info.channels == 4 && info.count == 4 &&
         info.bytes == 16);
  EXPECT(info.bits == 32 && info.is_signed == 1 && info.exponent == -6);
  EXPECT(info.factor_count == 4 && info.factors[0] == 1.0 && info.factors[3] == 0.5);
  EXPECT(potlut_model_output(model, 2, &info, &error) == POTLUT_OK);
  EXPECT(info.bits == 8 && info.is_signed == 1 && info.factor_count == 1);
  EXPECT_ERROR(POTLUT_USAGE, potlut_model_output(model, 3, &info, &error));

  EXPECT(strcmp(potlut_model_metadata(model, "source.name"), "main colour") == 0);
  EXPECT(potlut_model_metadata(model, "no such key") == NULL);
  EXPECT(potlut_model_metadata_count(model) == 2);
  EXPECT(strcmp(potlut_model_metadata_key(model, 0), "classes") == 0);
  EXPECT(potlut_model_metadata_key(model, 2) == NULL);
  EXPECT(potlut_model_class_count(model) == 4);
  EXPECT(strcmp(potlut_model_class_name(model, 3), "dark") == 0);
  EXPECT(potlut_model_class_name(model, 4) == NULL);
  EXPECT(potlut_model_arena_alignment(model) == 64);
  EXPECT(potlut_model_arena_size(model) >= kBytes);
}

static void TestRun(potlut_session* session) {
  unsigned char image[kBytes + 1];
  int mean[3], logits[4];
  int32_t integers[4];
  float floats[4];
  const void* bytes = NULL;
  size_t size = 0;

  /* Before there is anything to read. */
  EXPECT_ERROR(POTLUT_USAGE, potlut_session_output(session, 0, &bytes, &size, &error));
  EXPECT_ERROR(POTLUT_USAGE, potlut_session_output_int32(session, 0, integers, 4, &error));

  FillPicture(image);
  EXPECT_ERROR(POTLUT_USAGE, potlut_session_run(session, image, kBytes + 1, &error));
  EXPECT(strstr(error.message, "91") != NULL && strstr(error.message, "90") != NULL);
  EXPECT_ERROR(POTLUT_USAGE, potlut_session_run(session, image, 0, &error));
  EXPECT_ERROR(POTLUT_USAGE, potlut_session_run(session, NULL, kBytes, &error));
  EXPECT_ERROR(POTLUT_USAGE, potlut_session_run(NULL, image, kBytes, &error));

  for (int turn = 0; turn < 3; ++turn) {
    image[7] = (unsigned char)(100 * turn);
    ExpectedLogits(image, mean, logits);
    EXPECT(potlut_session_run(session, image, kBytes, &error) == POTLUT_OK);
    EXPECT(potlut_session_output_int32(session, 0, integers, 4, &error) == POTLUT_OK);
    for (int k = 0; k < 4; ++k) EXPECT(integers[k] == logits[k]);
    EXPECT(potlut_session_output_float(session, 0, floats, 4, &error) == POTLUT_OK);
    for (int k = 0; k < 3; ++k) EXPECT(floats[k] == (float)logits[k] / 64);
    EXPECT(floats[3] == (float)logits[3] / 128);
    EXPECT(potlut_session_output_int32(session, 1, integers, 1, &error) == POTLUT_OK &&
           integers[0] == 0);
    EXPECT(potlut_session_output_int32(session, 2, integers, 3, &error) == POTLUT_OK);
    for (int c = 0; c < 3; ++c) EXPECT(integers[c] == mean[c]);
    EXPECT(potlut_session_output_float(session, 2, floats, 3, &error) == POTLUT_OK);
    for (int c = 0; c < 3; ++c) EXPECT(floats[c] == (float)(mean[c] / 16.0 * (16.0 / 15.0)));
    EXPECT(potlut_session_output(session, 2, &bytes, &size, &error) == POTLUT_OK && size == 3);
    for (int c = 0; c < 3; ++c) EXPECT(((const signed char*)bytes)[c] == mean[c]);
  }

  EXPECT_ERROR(POTLUT_USAGE, potlut_session_output_int32(session, 0, integers, 3, &error));
  EXPECT_ERROR(POTLUT_USAGE, potlut_session_output_int32(session, 3, integers, 4, &error));
  EXPECT_ERROR(POTLUT_USAGE, potlut_session_output_int32(session, 0, NULL, 4, &error));
  EXPECT_ERROR(POTLUT_USAGE, potlut_session_output_float(session, (size_t)-1, floats, 4, &error));
  EXPECT_ERROR(POTLUT_USAGE, potlut_session_output_float(NULL, 0, floats, 4, &error));
  EXPECT_ERROR(POTLUT_USAGE, potlut_session_output(session, 0, NULL, &size, &error));
  EXPECT_ERROR(POTLUT_USAGE, potlut_session_output(session, 0, &bytes, NULL, &error));
}

static void TestSessions(const potlut_model* model) {
  const size_t size = potlut_model_arena_size(model),
               alignment = potlut_model_arena_alignment(model);
  char* memory = malloc(size + 2 * alignment);
  char* arena = memory + (alignment - (size_t)(uintptr_t)memory % alignment);
  potlut_session* session = NULL;

  EXPECT(potlut_session_create(model, NULL, 0, &session, &error) == POTLUT_OK && session != NULL);
  TestRun(session);
  potlut_session_free(session);

  EXPECT(potlut_session_create(model, arena, size, &session, NULL) == POTLUT_OK);
  TestRun(session);
  potlut_session_free(session);

  session = (potlut_session*)memory; /* anything but NULL */
  EXPECT_ERROR(POTLUT_USAGE, potlut_session_create(model, arena, size - 1, &session, &error));
  EXPECT(session == NULL);
  EXPECT_ERROR(POTLUT_USAGE, potlut_session_create(model, arena + 1, size, &session, &error));
  EXPECT_ERROR(POTLUT_USAGE, potlut_session_create(model, NULL, size, &session, &error));
  EXPECT_ERROR(POTLUT_USAGE, potlut_session_create(model, arena, 0, &session, &error));
  EXPECT_ERROR(POTLUT_USAGE, potlut_session_create(NULL, NULL, 0, &session, &error));
  EXPECT_ERROR(POTLUT_USAGE, potlut_session_create(model, NULL, 0, NULL, &error));
  potlut_session_free(NULL);
  free(memory);
}

static void TestPools(const potlut_model* model) {
  potlut_pool* pool = NULL;
  potlut_session* session = NULL;
  EXPECT(potlut_pool_create(2, &pool, &error) == POTLUT_OK && pool != NULL);
  EXPECT(potlut_pool_threads(pool) == 2);
  EXPECT(potlut_model_arena_size_pooled(model, pool) >= potlut_model_arena_size(model));
  EXPECT(potlut_model_arena_size_pooled(model, NULL) == potlut_model_arena_size(model));
  EXPECT(potlut_model_arena_size_pooled(NULL, pool) == 0);
  EXPECT(potlut_session_create_pooled(model, pool, NULL, 0, &session, &error) == POTLUT_OK);
  potlut_pool_free(pool); /* the session keeps it */
  TestRun(session);
  potlut_session_free(session);
  EXPECT_ERROR(POTLUT_USAGE, potlut_pool_create(33, &pool, &error));
  EXPECT(pool == NULL);
  EXPECT_ERROR(POTLUT_USAGE, potlut_pool_create(1, NULL, &error));
  EXPECT(potlut_pool_threads(NULL) == 0);
  potlut_pool_free(NULL);
}

static void TestNullModel(void) {
  potlut_tensor_info info;
  EXPECT_ERROR(POTLUT_USAGE, potlut_model_input(NULL, &info, &error));
  EXPECT_ERROR(POTLUT_USAGE, potlut_model_output(NULL, 0, &info, &error));
  EXPECT(potlut_model_output_count(NULL) == 0);
  EXPECT(potlut_model_metadata(NULL, "classes") == NULL);
  EXPECT(potlut_model_metadata_count(NULL) == 0);
  EXPECT(potlut_model_metadata_key(NULL, 0) == NULL);
  EXPECT(potlut_model_class_count(NULL) == 0);
  EXPECT(potlut_model_class_name(NULL, 0) == NULL);
  EXPECT(potlut_model_arena_size(NULL) == 0);
  EXPECT(potlut_model_arena_alignment(NULL) == 0);
  EXPECT(potlut_model_isa(NULL) == POTLUT_ISA_AUTO);
  potlut_model_free(NULL);
}

static void TestBadModels(const char* path, const unsigned char* bytes, size_t size) {
  potlut_model* model = (potlut_model*)&error; /* anything but NULL */
  EXPECT_ERROR(POTLUT_BAD_INPUT,
               potlut_model_load_file("/no/such/file.plut", POTLUT_ISA_AUTO, &model, &error));
  EXPECT(model == NULL);
  EXPECT(strstr(error.message, "/no/such/file.plut") != NULL);
  EXPECT_ERROR(POTLUT_USAGE, potlut_model_load_file(NULL, POTLUT_ISA_AUTO, &model, &error));
  EXPECT_ERROR(POTLUT_USAGE, potlut_model_load_file(path, POTLUT_ISA_AUTO, NULL, &error));
  EXPECT_ERROR(POTLUT_USAGE, potlut_model_load_file(path, (potlut_isa)77, &model, &error));
  EXPECT_ERROR(POTLUT_USAGE, potlut_model_load_memory(NULL, size, POTLUT_ISA_AUTO, &model, &error));
  EXPECT_ERROR(POTLUT_USAGE, potlut_model_load_memory(bytes, size, POTLUT_ISA_AUTO, NULL, &error));
  EXPECT(potlut_model_load_memory(NULL, 0, POTLUT_ISA_AUTO, NULL, NULL) == POTLUT_USAGE);

  /* Every truncation, each in memory of just its size. */
  for (size_t n = 0; n < size; ++n) {
    unsigned char* part = malloc(n == 0 ? 1 : n);
    if (part == NULL) exit(1);
    memcpy(part, bytes, n);
    memset(&error, 0, sizeof(error));
    const potlut_status status = potlut_model_load_memory(part, n, POTLUT_ISA_AUTO, &model, &error);
    EXPECT(status == POTLUT_BAD_INPUT || status == POTLUT_UNSUPPORTED);
    EXPECT(model == NULL && error.message[0] != 0);
    free(part);
  }
}

static void TestStreams(const unsigned char* bytes, size_t size) {
  potlut_stream* stream = NULL;
  potlut_model* model = NULL;
  EXPECT_ERROR(POTLUT_USAGE, potlut_stream_create(0, NULL, &error));
  EXPECT_ERROR(POTLUT_USAGE, potlut_stream_create(-1, &stream, &error));
  EXPECT(stream == NULL);
  EXPECT_ERROR(POTLUT_USAGE, potlut_stream_feed(NULL, bytes, size, &error));
  EXPECT_ERROR(POTLUT_USAGE, potlut_stream_finish(NULL, POTLUT_ISA_AUTO, &model, &error));
  EXPECT(potlut_stream_complete(NULL) == 0 && potlut_stream_expected(NULL) == 0);
  potlut_stream_free(NULL);

  /* Byte by byte. */
  EXPECT(potlut_stream_create(0, &stream, &error) == POTLUT_OK);
  EXPECT(potlut_stream_expected(stream) == 0);
  EXPECT_ERROR(POTLUT_USAGE, potlut_stream_feed(stream, NULL, 1, &error));
  EXPECT(potlut_stream_feed(stream, NULL, 0, &error) == POTLUT_OK);
  for (size_t i = 0; i < size; ++i) {
    EXPECT(potlut_stream_complete(stream) == 0);
    EXPECT(potlut_stream_feed(stream, bytes + i, 1, &error) == POTLUT_OK);
  }
  EXPECT(potlut_stream_complete(stream) == 1 && potlut_stream_expected(stream) == size);
  EXPECT_ERROR(POTLUT_USAGE, potlut_stream_finish(stream, (potlut_isa)77, &model, &error));
  EXPECT(potlut_stream_finish(stream, POTLUT_ISA_AUTO, &model, &error) == POTLUT_OK);
  potlut_stream_free(stream);
  TestDescription(model);
  TestSessions(model);
  potlut_model_free(model);

  /* What ends early, goes on, is damaged or has no low reading. */
  EXPECT(potlut_stream_create(0, &stream, &error) == POTLUT_OK);
  EXPECT(potlut_stream_feed(stream, bytes, size - 1, &error) == POTLUT_OK);
  EXPECT_ERROR(POTLUT_BAD_INPUT, potlut_stream_finish(stream, POTLUT_ISA_AUTO, &model, &error));
  EXPECT(model == NULL);
  potlut_stream_free(stream);
  EXPECT(potlut_stream_create(0, &stream, &error) == POTLUT_OK);
  EXPECT(potlut_stream_feed(stream, bytes, size, &error) == POTLUT_OK);
  EXPECT_ERROR(POTLUT_BAD_INPUT, potlut_stream_feed(stream, bytes, 1, &error));
  potlut_stream_free(stream);
  EXPECT(potlut_stream_create(0, &stream, &error) == POTLUT_OK);
  EXPECT_ERROR(POTLUT_BAD_INPUT, potlut_stream_feed(stream, bytes + 1, size - 1, &error));
  EXPECT_ERROR(POTLUT_BAD_INPUT, potlut_stream_feed(stream, bytes, size, &error));
  potlut_stream_free(stream);
  EXPECT(potlut_stream_create(3, &stream, &error) == POTLUT_OK);
  EXPECT_ERROR(POTLUT_USAGE, potlut_stream_feed(stream, bytes, size, &error));
  potlut_stream_free(stream);
}

int main(int argc, char** argv) {
  if (argc != 2) {
    fprintf(stderr, "usage: potlut_capi_test FIXTURE_FOLDER\n");
    return 2;
  }
  char path[4096];
  snprintf(path, sizeof(path), "%s/model.plut", argv[1]);
  size_t size = 0;
  unsigned char* bytes = ReadAll(path, &size);
  if (bytes == NULL) {
    fprintf(stderr, "cannot read %s\n", path);
    return 1;
  }

  TestVersionAndNames();
  TestNullModel();
  TestBadModels(path, bytes, size);

  potlut_model* model = NULL;
  EXPECT(potlut_model_load_file(path, POTLUT_ISA_AUTO, &model, &error) == POTLUT_OK);
  EXPECT(potlut_model_isa(model) != POTLUT_ISA_AUTO);
  TestDescription(model);
  TestSessions(model);
  TestPools(model);

  /* A session outlives its model. */
  potlut_session* session = NULL;
  EXPECT(potlut_session_create(model, NULL, 0, &session, &error) == POTLUT_OK);
  potlut_model_free(model);
  TestRun(session);
  potlut_session_free(session);

  /* From memory, by every instruction set that is here; the others are refused. */
  for (int isa = POTLUT_ISA_PORTABLE; isa <= POTLUT_ISA_NEONDOT; ++isa) {
    model = NULL;
    if (!potlut_isa_available((potlut_isa)isa)) {
      EXPECT_ERROR(POTLUT_UNSUPPORTED,
                   potlut_model_load_memory(bytes, size, (potlut_isa)isa, &model, &error));
      continue;
    }
    EXPECT(potlut_model_load_memory(bytes, size, (potlut_isa)isa, &model, &error) == POTLUT_OK);
    EXPECT((int)potlut_model_isa(model) == isa);
    TestSessions(model);
    potlut_model_free(model);
  }
  TestStreams(bytes, size);
  free(bytes);
  printf("%d failures\n", failures);
  return failures == 0 ? 0 : 1;
}
