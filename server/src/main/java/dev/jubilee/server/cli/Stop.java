package dev.jubilee.server.cli;

import dev.jubilee.server.embedded.EmbeddedServers;
import java.nio.file.Path;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

@Command(
        name = "stop",
        description = "Ends the platform that holds this data folder, in order, and waits for it.",
        mixinStandardHelpOptions = true)
final class Stop implements Callable<Integer> {
    private static final long PATIENCE_SECONDS = 90;

    @Spec private CommandSpec spec = CommandSpec.create();

    @Override
    public Integer call() throws InterruptedException, ExecutionException {
        Path home = Path.of(System.getenv().getOrDefault("JUBILEE_HOME", ".jubilee"));
        OptionalLong holder = EmbeddedServers.holderOf(home);
        ProcessHandle process =
                holder.isPresent() ? ProcessHandle.of(holder.getAsLong()).orElse(null) : null;
        if (process == null) {
            spec.commandLine().getOut().println("not running: nobody holds " + home);
            return 1;
        }
        process.destroy();
        try {
            process.onExit().get(PATIENCE_SECONDS, TimeUnit.SECONDS);
            spec.commandLine().getOut().println("stopped");
            return 0;
        } catch (TimeoutException e) {
            spec.commandLine()
                    .getErr()
                    .println("jubilee: process " + process.pid() + " has not ended yet");
            return 1;
        }
    }
}
