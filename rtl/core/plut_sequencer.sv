// Fetches commands, hands them to the queues of loads, stores and the core, starts each when its
// semaphores allow it, and ends in done or error.
module plut_sequencer #(
    parameter int LANES = 32,
    parameter int SUM_WORDS = 1024
) (
    input  logic         clk,
    input  logic         rst,
    input  logic         start,
    input  logic [31:0]  count,        // of commands
    output logic         busy,
    output logic         finished,     // a pulse: done, or stopped after an error
    output logic [2:0]   error,
    output logic [31:0]  error_index,
    output logic         stop,         // after an error: bring to an end what runs
    output logic [31:0]  core_done,    // commands of the core that have finished
    // Fetched commands, in order.
    output logic         fetch_next,   // asks for the next one; steady until it comes
    input  logic         fetch_busy,   // one is on its way
    input  logic         fetch_valid,
    input  logic [511:0] fetch_data,
    // Units: a pulse to start, and what they run.
    output logic         load_start,
    output logic [255:0] load_cmd,
    input  logic         load_busy,
    output logic         store_start,
    output logic [255:0] store_cmd,
    input  logic         store_busy,
    output logic         conv_start,
    input  logic         conv_busy,
    output logic         vector_start,
    input  logic         vector_busy,
    output logic [511:0] core_cmd,
    output logic [511:0] out_cmd,
    // Faults.
    input  logic         bad_pass,
    input  logic         core_address,
    input  logic         load_address,
    input  logic         store_address,
    input  logic         read_error,
    input  logic         write_error
);
  logic [31:0] index;        // of the next command to fetch
  logic held;                // a command that waits for its queue
  logic [511:0] held_cmd;
  logic [31:0] held_index;
  wire [7:0] held_op = held_cmd[7:0];
  wire to_load = held_op == plut_pkg::OpLoad;
  wire to_store = held_op == plut_pkg::OpStore;
  wire to_core = held_op == plut_pkg::OpOutput || held_op == plut_pkg::OpConv ||
      held_op == plut_pkg::OpVector;
  wire is_end = held_op == plut_pkg::OpEnd;
  logic reserved;
  plut_reserved u_reserved (.cmd(held_cmd), .bad(reserved));

  // Queues: load, store, core.
  logic l_put, s_put, c_put, l_room, s_room, c_room, l_valid, s_valid, c_valid;
  logic l_take, s_take, c_take;
  logic [31:0] l_index, s_index, c_index;
  logic [255:0] l_cmd, s_cmd;
  logic [511:0] c_cmd;
  wire flush = rst || !busy;
  plut_fifo #(.WIDTH(288), .DEPTH(2)) u_load (
      .clk, .rst(flush), .in_valid(l_put), .in_ready(l_room),
      .in_data({held_index, held_cmd[255:0]}), .out_valid(l_valid), .out_ready(l_take),
      .out_data({l_index, l_cmd}));
  plut_fifo #(.WIDTH(288), .DEPTH(2)) u_store (
      .clk, .rst(flush), .in_valid(s_put), .in_ready(s_room),
      .in_data({held_index, held_cmd[255:0]}), .out_valid(s_valid), .out_ready(s_take),
      .out_data({s_index, s_cmd}));
  plut_fifo #(.WIDTH(544), .DEPTH(2)) u_core (
      .clk, .rst(flush), .in_valid(c_put), .in_ready(c_room), .in_data({held_index, held_cmd}),
      .out_valid(c_valid), .out_ready(c_take), .out_data({c_index, c_cmd}));
  assign l_put = held && to_load;
  assign s_put = held && to_store;
  assign c_put = held && to_core;
  wire put = (l_put && l_room) || (s_put && s_room) || (c_put && c_room);
  assign fetch_next = busy && !stop && !held && index != count;

  // What runs. A head may start when its semaphores are above 0; of several only one a cycle.
  logic l_active, s_active, c_active, l_begun, s_begun, c_begun;
  logic [31:0] sem;  // 8 x 4 bits
  logic [7:0] l_blocked, s_blocked, c_blocked;
  always_comb
    for (int i = 0; i < 8; i++) begin
      l_blocked[i] = l_cmd[16+i] && sem[i*4+:4] == 4'd0;
      s_blocked[i] = s_cmd[16+i] && sem[i*4+:4] == 4'd0;
      c_blocked[i] = c_cmd[16+i] && sem[i*4+:4] == 4'd0;
    end
  wire l_can = l_valid && !l_active && l_blocked == 8'd0 && !stop;
  wire s_can = s_valid && !s_active && s_blocked == 8'd0 && !stop;
  wire c_can = c_valid && !c_active && c_blocked == 8'd0 && !stop;
  logic conv_bad, vector_bad, l_bad, s_bad, out_set, none1, none2, none3, none4;
  plut_check #(.LANES(LANES), .SUM_WORDS(SUM_WORDS)) u_check (
      .conv(c_cmd), .out(out_cmd), .out_set, .vector(c_cmd), .load(l_cmd), .is_store(1'b0),
      .conv_bad, .vector_bad, .load_bad(l_bad));
  plut_check #(.LANES(LANES), .SUM_WORDS(SUM_WORDS)) u_check_store (
      .conv(c_cmd), .out(out_cmd), .out_set, .vector(c_cmd), .load(s_cmd), .is_store(1'b1),
      .conv_bad(none1), .vector_bad(none2), .load_bad(s_bad));
  assign none3 = none1 || none2;
  assign none4 = none3;
  wire is_out = c_cmd[7:0] == plut_pkg::OpOutput;
  wire is_conv = c_cmd[7:0] == plut_pkg::OpConv;
  wire c_bad = is_conv ? conv_bad : is_out ? 1'b0 : vector_bad;
  wire l_go = l_can && !l_bad;
  wire s_go = s_can && !s_bad && !l_can;
  wire c_go = c_can && !c_bad && !l_can && !s_can;
  wire l_end = l_active && l_begun && !load_busy;
  wire s_end = s_active && s_begun && !store_busy;
  wire c_end = c_active && c_begun && !conv_busy && !vector_busy;
  assign l_take = l_end;
  assign s_take = s_end;
  assign c_take = c_end;
  assign load_cmd = l_cmd;
  assign store_cmd = s_cmd;
  assign core_cmd = c_cmd;
  assign load_start = l_go;
  assign store_start = s_go;
  assign conv_start = c_go && is_conv;
  assign vector_start = c_go && !is_conv && !is_out;

  wire queues_empty = !l_valid && !s_valid && !c_valid;
  wire none_active = !l_active && !s_active && !c_active;
  wire more = index != count || fetch_busy || fetch_valid;
  wire stuck = busy && !stop && none_active && !l_can && !s_can && !c_can && !queues_empty && !put &&
      (held || !more);

  // Semaphores after this cycle.
  logic [31:0] sem_next;
  logic overflow;
  logic [5:0] level;
  always_comb begin
    overflow = 1'b0;
    for (int i = 0; i < 8; i++) begin
      level = 6'(sem[i*4+:4]) + 6'(l_end && l_cmd[24+i]) + 6'(s_end && s_cmd[24+i]) +
          6'(c_end && c_cmd[24+i]) - 6'(l_go && l_cmd[16+i]) - 6'(s_go && s_cmd[16+i]) -
          6'(c_go && c_cmd[16+i]);
      sem_next[i*4+:4] = level[3:0];
      if (level > 6'd15) overflow = 1'b1;
    end
  end

  // The first fault of a cycle, most telling first.
  logic [2:0] fault;
  logic [31:0] fault_index;
  always_comb begin
    fault = plut_pkg::ErrNone;
    fault_index = held_index;
    if (read_error || write_error) begin
      fault = plut_pkg::ErrBus;
      fault_index = (write_error && s_active) ? s_index : l_active ? l_index : index;
    end else if (l_can && l_bad) begin
      fault = plut_pkg::ErrField;
      fault_index = l_index;
    end else if (s_can && s_bad) begin
      fault = plut_pkg::ErrField;
      fault_index = s_index;
    end else if ((c_can && c_bad) || bad_pass) begin
      fault = plut_pkg::ErrField;
      fault_index = c_index;
    end else if (core_address) begin
      fault = plut_pkg::ErrAddress;
      fault_index = c_index;
    end else if (load_address) begin
      fault = plut_pkg::ErrAddress;
      fault_index = l_index;
    end else if (store_address) begin
      fault = plut_pkg::ErrAddress;
      fault_index = s_index;
    end else if (overflow) begin
      fault = plut_pkg::ErrSemaphore;
      fault_index = c_end ? c_index : l_end ? l_index : s_index;
    end else if (held && !to_load && !to_store && !to_core && !is_end) fault = plut_pkg::ErrOpcode;
    else if (held && reserved) fault = plut_pkg::ErrField;
    else if (!held && !more && queues_empty && none_active) begin  // no end
      fault = plut_pkg::ErrOpcode;
      fault_index = index;
    end else if (stuck) begin
      fault = plut_pkg::ErrDeadlock;
      fault_index = c_valid ? c_index : l_valid ? l_index : s_index;
    end
  end

  always_ff @(posedge clk) begin
    finished <= 1'b0;
    l_begun <= l_active;
    s_begun <= s_active;
    c_begun <= c_active;
    if (start && !busy) begin
      busy <= 1'b1;
      stop <= 1'b0;
      error <= plut_pkg::ErrNone;
      index <= 32'd0;
      held <= 1'b0;
      sem <= 32'd0;
      out_set <= 1'b0;
      core_done <= 32'd0;
      l_active <= 1'b0;
      s_active <= 1'b0;
      c_active <= 1'b0;
    end else if (busy) begin
      sem <= sem_next;
      if (fetch_valid && fetch_next) begin
        held <= 1'b1;
        held_cmd <= fetch_data;
        held_index <= index;
        index <= index + 32'd1;
      end
      if (put) held <= 1'b0;
      if (l_go) l_active <= 1'b1;
      if (s_go) s_active <= 1'b1;
      if (c_go) c_active <= 1'b1;
      if (c_go && is_out) begin
        out_cmd <= c_cmd;
        out_set <= 1'b1;
      end
      if (l_end) {l_active, l_begun} <= 2'b00;
      if (s_end) {s_active, s_begun} <= 2'b00;
      if (c_end) begin
        {c_active, c_begun} <= 2'b00;
        core_done <= core_done + 32'd1;
      end
      if (!stop && fault != plut_pkg::ErrNone) begin
        stop <= 1'b1;
        error <= fault;
        error_index <= fault_index;
      end else if (!stop && held && is_end && queues_empty && none_active) begin
        busy <= 1'b0;
        finished <= 1'b1;
      end
      if (stop && none_active && !fetch_busy) begin
        busy <= 1'b0;
        finished <= 1'b1;
      end
    end
    if (rst) begin
      busy <= 1'b0;
      stop <= 1'b0;
      error <= plut_pkg::ErrNone;
      l_active <= 1'b0;
      s_active <= 1'b0;
      c_active <= 1'b0;
    end
  end
  /* verilator lint_off UNUSEDSIGNAL */  // the second check looks at its transfer only
  wire unused = none4;
  /* verilator lint_on UNUSEDSIGNAL */
endmodule
