/// Tests of the executable as a user runs it: one at a time, since each starts processes.
import Testing

@Suite(.serialized, .timeLimit(.minutes(5)))
enum ProcessTests {}
