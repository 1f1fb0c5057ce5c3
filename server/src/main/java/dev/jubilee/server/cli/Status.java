package dev.jubilee.server.cli;

import java.net.HttpURLConnection;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

@Command(
        name = "status",
        description = "Says how the platform here is; exits with 0 only when it is ready.",
        mixinStandardHelpOptions = true)
final class Status implements Callable<Integer> {
    @Spec private CommandSpec spec = CommandSpec.create();

    @Override
    public Integer call() {
        HealthProbe probe = HealthProbe.ofEnvironment();
        HealthProbe.Answer answer = probe.ask();
        if (answer == null) {
            spec.commandLine()
                    .getOut()
                    .println("not running: nothing answers on port " + probe.port());
            return 1;
        }
        spec.commandLine().getOut().println(answer.body().strip());
        return answer.status() == HttpURLConnection.HTTP_OK ? 0 : 1;
    }
}
