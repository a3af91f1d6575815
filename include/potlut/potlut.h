/* potlut: runs quantised networks (.plut files) with integers only. The stable C interface (C99).
 *
 * A model is immutable: load it once and share it between threads. A session is the state of one
 * inference: make one a thread. A run uses the calling thread only, unless the session has a pool
 * of helpers; it allocates nothing and gives the same bits on every machine.
 *
 *   potlut_error error;
 *   potlut_model* model = NULL;
 *   potlut_session* session = NULL;
 *   if (potlut_model_load_file("model.plut", POTLUT_ISA_AUTO, &model, &error) != POTLUT_OK ||
 *       potlut_session_create(model, NULL, 0, &session, &error) != POTLUT_OK ||
 *       potlut_session_run(session, image, image_size, &error) != POTLUT_OK) {
 *     fprintf(stderr, "%s\n", error.message);
 *   }
 *
 * Every function that can fail returns a status, never aborts and never throws; every `error` may
 * be NULL. Pointers that a function returns belong to the object they were asked of and live as
 * long as it, unless it says otherwise. There is no global state. Files are not trusted: a
 * malformed or hostile one gives an error. */
#ifndef POTLUT_POTLUT_H_
#define POTLUT_POTLUT_H_

#include <stddef.h> /* NOLINT(modernize-deprecated-headers): this is C too */
#include <stdint.h> /* NOLINT(modernize-deprecated-headers) */

#define POTLUT_VERSION_MAJOR 0
#define POTLUT_VERSION_MINOR 1
#define POTLUT_VERSION_PATCH 0
#define POTLUT_VERSION_NUMBER \
  (POTLUT_VERSION_MAJOR * 1000000 + POTLUT_VERSION_MINOR * 1000 + POTLUT_VERSION_PATCH)

#if defined(__GNUC__)
#define POTLUT_API __attribute__((visibility("default")))
#else
#define POTLUT_API
#endif

/* Enumerations have a fixed type in C++: a C caller may pass any value, and is told of it. */
#ifdef __cplusplus
#define POTLUT_INT : int
extern "C" {
#else
#define POTLUT_INT
#endif

/* The version of the library that is linked, which may be newer than this header: as
 * "major.minor.patch", and as a number like POTLUT_VERSION_NUMBER. */
POTLUT_API const char* potlut_version(void);
POTLUT_API int potlut_version_number(void);

/* ---- Errors ---- */

typedef enum potlut_status POTLUT_INT {
  POTLUT_OK = 0,
  POTLUT_FAILED = 1,        /* could not be done: an I/O error, an internal failure */
  POTLUT_USAGE = 2,         /* the call makes no sense: a NULL, a wrong size, a bad index */
  POTLUT_BAD_INPUT = 3,     /* the file is missing, malformed or hostile */
  POTLUT_UNSUPPORTED = 4,   /* well formed, but outside what this version or machine does */
  POTLUT_RESOURCE_LIMIT = 6 /* would take more memory than there is or is allowed */
} potlut_status;

/* Filled by a call that fails (and by one that succeeds: POTLUT_OK and ""). The message is for a
 * person: what went wrong, where, and what to do about it. Always ends in a 0. */
typedef struct potlut_error {
  potlut_status status;
  char message[508];
} potlut_error;

/* "ok", "bad input", ...; never NULL. */
POTLUT_API const char* potlut_status_text(potlut_status status);

/* ---- Instruction sets ---- */

typedef enum potlut_isa POTLUT_INT {
  POTLUT_ISA_AUTO = 0, /* the best that this CPU has */
  POTLUT_ISA_PORTABLE = 1,
  POTLUT_ISA_AVX2 = 2,
  POTLUT_ISA_AVX512VNNI = 3,
  POTLUT_ISA_NEON = 4,   /* 64-bit Arm */
  POTLUT_ISA_NEONDOT = 5 /* the same with dot products, Armv8.2 */
} potlut_isa;

/* 1 where `isa` was compiled in and this CPU has it, else 0. */
POTLUT_API int potlut_isa_available(potlut_isa isa);
/* "auto", "portable", "avx2", "avx512vnni", "neon", "neondot"; never NULL. */
POTLUT_API const char* potlut_isa_name(potlut_isa isa);

/* ---- Models ---- */

typedef struct potlut_model potlut_model;

/* Reads a .plut file. Give *model to potlut_model_free when done; it is NULL on failure. */
POTLUT_API potlut_status potlut_model_load_file(const char* path, potlut_isa isa,
                                                potlut_model** model, potlut_error* error);
/* The same from `size` bytes in memory, which are not needed after the call. */
POTLUT_API potlut_status potlut_model_load_memory(const void* bytes, size_t size, potlut_isa isa,
                                                  potlut_model** model, potlut_error* error);
/* Sessions of the model stay valid. NULL is allowed. */
POTLUT_API void potlut_model_free(potlut_model* model);

/* ---- Streams: models that arrive in pieces ---- */

typedef struct potlut_stream potlut_stream;

/* For receivers without a file system: feed a .plut file's bytes as they arrive, then finish. Codes
 * are decoded layer by layer; beside the model, at most the largest layer and 1 MiB are held (a
 * file of format version 1 as a whole).
 *
 * `low_bits` 0 reads the file as it is. Otherwise the file must be layered (potlut pack --layered)
 * and its low reading have so many bits a weight: the stream is complete when that is, and ignores
 * what follows. Give *stream to potlut_stream_free when done; it is NULL on failure. */
POTLUT_API potlut_status potlut_stream_create(int32_t low_bits, potlut_stream** stream,
                                              potlut_error* error);
/* The next `size` bytes, which are not needed after the call. A failure stays. */
POTLUT_API potlut_status potlut_stream_feed(potlut_stream* stream, const void* bytes, size_t size,
                                            potlut_error* error);
/* 1 when all of the file was there and matched its checksum, else 0. */
POTLUT_API int potlut_stream_complete(const potlut_stream* stream);
/* How many bytes the stream needs from the file's beginning, as the file says; 0 where that is not
 * known yet. */
POTLUT_API uint64_t potlut_stream_expected(const potlut_stream* stream);
/* The model, once the stream is complete, as potlut_model_load_file would have given it. */
POTLUT_API potlut_status potlut_stream_finish(potlut_stream* stream, potlut_isa isa,
                                              potlut_model** model, potlut_error* error);
POTLUT_API void potlut_stream_free(potlut_stream* stream); /* NULL is allowed */

/* ---- What a model is ---- */

/* The instruction set in use; never POTLUT_ISA_AUTO (which it is for NULL). */
POTLUT_API potlut_isa potlut_model_isa(const potlut_model* model);

/* What a tensor holds: height x width x channels values in memory order HWC (channels fastest).
 * Value q of channel c stands for the real number q * 2^exponent * factor of c. */
typedef struct potlut_tensor_info {
  const char* name;
  int32_t height, width, channels;
  int32_t bits;      /* 2 to 8, held in one byte each; or 32 */
  int32_t is_signed; /* 0 or 1 */
  size_t count;      /* values: height * width * channels */
  size_t bytes;      /* count, or count * 4 for 32 bits */
  int32_t exponent;
  size_t factor_count; /* 0 (all are 1), 1 (for all channels) or `channels` */
  const double* factors;
  uint64_t reserved[4]; /* 0 */
} potlut_tensor_info;

/* The input is the raw image: 8 bits unsigned, RGB where it has three channels; the model
 * normalises it itself. */
POTLUT_API potlut_status potlut_model_input(const potlut_model* model, potlut_tensor_info* info,
                                            potlut_error* error);
POTLUT_API size_t potlut_model_output_count(const potlut_model* model); /* 0 for NULL */
POTLUT_API potlut_status potlut_model_output(const potlut_model* model, size_t index,
                                             potlut_tensor_info* info, potlut_error* error);

/* Text stored in the model by key ("recipe", "source.name", "softmax", ...); NULL where there is
 * none. */
POTLUT_API const char* potlut_model_metadata(const potlut_model* model, const char* key);
POTLUT_API size_t potlut_model_metadata_count(const potlut_model* model);
POTLUT_API const char* potlut_model_metadata_key(const potlut_model* model,
                                                 size_t index); /* in order; or NULL */

/* Names of the classes that the first output's channels stand for, where the model brings them. */
POTLUT_API size_t potlut_model_class_count(const potlut_model* model);
POTLUT_API const char* potlut_model_class_name(const potlut_model* model,
                                               size_t index); /* or NULL */

/* ---- Sessions ---- */

typedef struct potlut_session potlut_session;

/* What a session keeps its tensors in: so many bytes, at an address that is a multiple of the
 * alignment (a power of two). 0 for NULL. */
POTLUT_API size_t potlut_model_arena_size(const potlut_model* model);
POTLUT_API size_t potlut_model_arena_alignment(const potlut_model* model);

/* `arena`: memory of the caller's that outlives the session and is used by nobody else, of at least
 * potlut_model_arena_size bytes; or NULL with size 0, then the session allocates. On success
 * *session is to be given to potlut_session_free; on failure it is NULL. */
POTLUT_API potlut_status potlut_session_create(const potlut_model* model, void* arena,
                                               size_t arena_size, potlut_session** session,
                                               potlut_error* error);
POTLUT_API void potlut_session_free(potlut_session* session); /* NULL is allowed */

/* Threads that help in the runs of sessions, for the latency of one image. Sessions that run at the
 * same time may have one pool in common: who finds all helpers at work does without. They sleep
 * when nothing runs. `threads` (1 to 32; 0: as many as there are CPUs) counts the caller of a run:
 * so many - 1 are made. Give *pool to potlut_pool_free when done; it is NULL on failure. */
typedef struct potlut_pool potlut_pool;
POTLUT_API potlut_status potlut_pool_create(int32_t threads, potlut_pool** pool,
                                            potlut_error* error);
POTLUT_API int32_t potlut_pool_threads(const potlut_pool* pool); /* 0 for NULL */
/* Sessions made with the pool stay valid. NULL is allowed. */
POTLUT_API void potlut_pool_free(potlut_pool* pool);

/* As potlut_model_arena_size and potlut_session_create, for sessions whose runs a pool helps in;
 * without one where `pool` is NULL. */
POTLUT_API size_t potlut_model_arena_size_pooled(const potlut_model* model,
                                                 const potlut_pool* pool);
POTLUT_API potlut_status potlut_session_create_pooled(const potlut_model* model,
                                                      const potlut_pool* pool, void* arena,
                                                      size_t arena_size, potlut_session** session,
                                                      potlut_error* error);

/* Runs one image of potlut_model_input's bytes. */
POTLUT_API potlut_status potlut_session_run(potlut_session* session, const void* image, size_t size,
                                            potlut_error* error);

/* Output `index` of the last run. As stored: *bytes stays valid until the next run. */
POTLUT_API potlut_status potlut_session_output(const potlut_session* session, size_t index,
                                               const void** bytes, size_t* size,
                                               potlut_error* error);
/* As integers, whatever the type; `count` must be the output's. */
POTLUT_API potlut_status potlut_session_output_int32(const potlut_session* session, size_t index,
                                                     int32_t* values, size_t count,
                                                     potlut_error* error);
/* As the real numbers they stand for. */
POTLUT_API potlut_status potlut_session_output_float(const potlut_session* session, size_t index,
                                                     float* values, size_t count,
                                                     potlut_error* error);

#ifdef __cplusplus
}
#endif

#endif /* POTLUT_POTLUT_H_ */
