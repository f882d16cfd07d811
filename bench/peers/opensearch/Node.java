import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.opensearch.analysis.common.CommonAnalysisModulePlugin;
import org.opensearch.common.settings.Settings;
import org.opensearch.node.InternalSettingsPreparer;
import org.opensearch.transport.Netty4ModulePlugin;
import org.opensearch.Version;
import org.opensearch.plugins.PluginInfo;

public final class Node {
    public static void main(String[] args) throws Exception {
        Settings settings = Settings.builder()
            .put("path.home", args[0]).put("http.port", args[1]).put("network.host", "127.0.0.1")
            .put("discovery.type", "single-node").put("cluster.name", "peer").put("node.name", "peer")
            .build();
        var environment = InternalSettingsPreparer.prepareEnvironment(settings, Map.of(), Path.of(args[0], "config"), () -> "peer");
        var plugins = List.of(info(Netty4ModulePlugin.class), info(CommonAnalysisModulePlugin.class));
        var node = new org.opensearch.node.Node(environment, plugins, true) {};
        node.start();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> { try { node.close(); } catch (Exception e) { } }));
        new CountDownLatch(1).await();
    }
    private static PluginInfo info(Class<?> plugin) {
        return new PluginInfo(plugin.getName(), "", "", Version.CURRENT, "21", plugin.getName(), null, List.of(), false);
    }
}
