package dev.jubilee.bench;

import java.io.IOException;
import java.util.List;

/** A program of the machine that either works or does not. */
final class Tool {
    private Tool() {}

    /** Runs a command whose output does not matter; -1 when there is no such program. */
    static int exitCode(List<String> command) {
        try {
            return new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start()
                    .waitFor();
        } catch (IOException e) {
            return -1;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return -1;
        }
    }
}
