/* Reads a model from a pipe as it arrives: stream [BITS] < MODEL.plut; BITS asks for the low
 * reading of a layered file. */
#include <potlut/potlut.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char** argv) {
  potlut_error error = {POTLUT_OK, ""};
  potlut_stream* stream = NULL;
  potlut_model* model = NULL;
  potlut_tensor_info in, out;
  unsigned char bytes[4096];
  size_t size = 0, all = 0;
  potlut_status status =
      potlut_stream_create(argc > 1 ? (int32_t)atoi(argv[1]) : 0, &stream, &error);
  while (status == POTLUT_OK && !potlut_stream_complete(stream) &&
         (size = fread(bytes, 1, sizeof(bytes), stdin)) > 0) {
    status = potlut_stream_feed(stream, bytes, size, &error);
    all += size;
  }
  if (status == POTLUT_OK) status = potlut_stream_finish(stream, POTLUT_ISA_AUTO, &model, &error);
  potlut_stream_free(stream);
  if (status != POTLUT_OK || potlut_model_input(model, &in, &error) ||
      potlut_model_output(model, 0, &out, &error)) {
    return fprintf(stderr, "stream: %s\n", error.message), (int)error.status;
  }
  printf("%lu bytes: image %dx%dx%d, %lu scores, %lu classes\n", (unsigned long)all, (int)in.width,
         (int)in.height, (int)in.channels, (unsigned long)out.count,
         (unsigned long)potlut_model_class_count(model));
  potlut_model_free(model);
  return 0;
}
