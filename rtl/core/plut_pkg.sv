// Opcodes, error codes and memories of src/accel/command.h.
package plut_pkg;
  /* verilator lint_off UNUSEDPARAM */  // no module needs all of them
  localparam logic [7:0] OpEnd = 8'd1;
  localparam logic [7:0] OpLoad = 8'd2;
  localparam logic [7:0] OpStore = 8'd3;
  localparam logic [7:0] OpOutput = 8'd4;
  localparam logic [7:0] OpConv = 8'd5;
  localparam logic [7:0] OpVector = 8'd6;

  localparam logic [2:0] ErrNone = 3'd0;
  localparam logic [2:0] ErrOpcode = 3'd1;
  localparam logic [2:0] ErrField = 3'd2;
  localparam logic [2:0] ErrAddress = 3'd3;
  localparam logic [2:0] ErrDeadlock = 3'd4;
  localparam logic [2:0] ErrBus = 3'd5;
  localparam logic [2:0] ErrSemaphore = 3'd6;

  localparam logic [7:0] MemActivations = 8'd0;
  localparam logic [7:0] MemWeights = 8'd1;
  localparam logic [7:0] MemChannels = 8'd2;
  localparam logic [7:0] MemPasses = 8'd3;
  localparam logic [7:0] MemLevels = 8'd4;
  localparam logic [7:0] MemTables = 8'd5;
  localparam logic [7:0] MemTablesAll = 8'd6;

  localparam logic [7:0] VecMax = 8'd0;
  localparam logic [7:0] VecMean = 8'd1;
  localparam logic [7:0] VecAdd = 8'd2;
  localparam logic [7:0] VecLookup = 8'd3;
  localparam logic [7:0] VecCopy = 8'd4;
  /* verilator lint_on UNUSEDPARAM */
endpackage
