//! Writes what `kubectl get nodes,pods,… -A -o json` gives on a large cluster, with everything that nobody looks at:
//! `cargo run --release --example dump -- NODES PODS > dump.json` (5,000 and 150,000 make about 1 GB).

use std::io::{self, BufWriter, Write};

/// Pods of one Deployment.
const REPLICAS: usize = 30;

fn main() -> io::Result<()> {
    let numbers: Vec<usize> = std::env::args().skip(1).filter_map(|a| a.parse().ok()).collect();
    let (nodes, pods) = (numbers[0], numbers[1]);
    let mut out = BufWriter::new(io::stdout().lock());
    out.write_all(b"{\n    \"apiVersion\": \"v1\",\n    \"items\": [\n")?;
    for node in 0..nodes {
        out.write_all(self::node(node).as_bytes())?;
    }
    for deployment in 0..pods.div_ceil(REPLICAS) {
        out.write_all(owner(deployment, "Deployment", pods).as_bytes())?;
        out.write_all(owner(deployment, "ReplicaSet", pods).as_bytes())?;
    }
    for pod in 0..pods {
        out.write_all(self::pod(pod, nodes).as_bytes())?;
        out.write_all(if pod + 1 < pods { b",\n" } else { b"\n" })?;
    }
    out.write_all(b"    ],\n    \"kind\": \"List\",\n    \"metadata\": {\"resourceVersion\": \"\"}\n}\n")?;
    out.flush()
}

/// Who wrote which fields, as the API server keeps it; the bulk of every object.
fn managed(manager: &str, fields: &[&str]) -> String {
    let keys: Vec<String> = fields
        .iter()
        .map(|f| format!("                            \"f:{f}\": {{\n                                \".\": {{}},\n                                \"f:value\": {{}}\n                            }}"))
        .collect();
    format!(
        "                {{\n                    \"apiVersion\": \"v1\",\n                    \"fieldsType\": \"FieldsV1\",\n                    \
         \"fieldsV1\": {{\n                        \"f:metadata\": {{\n{}\n                        }}\n                    }},\n                    \
         \"manager\": \"{manager}\",\n                    \"operation\": \"Update\",\n                    \"subresource\": \"status\",\n                    \
         \"time\": \"2026-03-01T08:00:00Z\"\n                }}",
        keys.join(",\n")
    )
}

fn node(n: usize) -> String {
    let images: Vec<String> = (0..40)
        .map(|i| {
            format!(
                "                {{\"names\": [\"registry.example.com/team/app-{i}@sha256:{:064x}\", \"registry.example.com/team/app-{i}:v1.{n}.{i}\"], \"sizeBytes\": {}}}",
                n * 40 + i,
                100_000_000 + i
            )
        })
        .collect();
    let quantities = "{\"cpu\": \"16\", \"ephemeral-storage\": \"100Gi\", \"memory\": \"64Gi\", \"pods\": \"110\"}";
    format!(
        "        {{\n            \"apiVersion\": \"v1\",\n            \"kind\": \"Node\",\n            \"metadata\": {{\n                \
         \"annotations\": {{\"node.alpha.kubernetes.io/ttl\": \"0\", \"volumes.kubernetes.io/controller-managed-attach-detach\": \"true\"}},\n                \
         \"creationTimestamp\": \"2026-01-01T00:00:00Z\",\n                \"labels\": {{\"kubernetes.io/hostname\": \"node-{n:05}\", \"kubernetes.io/os\": \"linux\", \
         \"topology.kubernetes.io/zone\": \"zone-{}\"}},\n                \"managedFields\": [\n{}\n                ],\n                \
         \"name\": \"node-{n:05}\",\n                \"resourceVersion\": \"{}\",\n                \"uid\": \"00000000-0000-4000-8000-{n:012}\"\n            }},\n            \
         \"spec\": {{\"podCIDR\": \"10.0.0.0/24\", \"providerID\": \"cloud://node-{n}\"}},\n            \"status\": {{\n                \"allocatable\": {quantities},\n                \
         \"capacity\": {quantities},\n                \"conditions\": [{{\"lastHeartbeatTime\": \"2026-03-01T08:00:00Z\", \"reason\": \"KubeletReady\", \"status\": \"True\", \"type\": \"Ready\"}}],\n                \
         \"images\": [\n{}\n                ],\n                \"nodeInfo\": {{\"kubeletVersion\": \"v1.35.4\", \"osImage\": \"Debian\"}}\n            }}\n        }},\n",
        n % 3,
        managed(
            "kubelet",
            &["capacity", "conditions", "images", "allocatable", "nodeInfo"]
        ),
        1_000_000 + n,
        images.join(",\n"),
    )
}

fn template(deployment: usize) -> String {
    format!(
        "{{\"metadata\": {{\"labels\": {{\"app\": \"app-{deployment}\", \"pod-template-hash\": \"5d4f6\"}}}}, \"spec\": {{\"containers\": [{{\"image\": \"registry.example.com/app:1\", \
         \"name\": \"main\", \"resources\": {{\"requests\": {{\"cpu\": \"250m\", \"memory\": \"512Mi\"}}}}}}]}}}}"
    )
}

fn owner(deployment: usize, kind: &str, pods: usize) -> String {
    let replicas = (pods - deployment * REPLICAS).min(REPLICAS);
    let (name, owned) = match kind {
        "ReplicaSet" => (
            format!("app-{deployment}-5d4f6"),
            format!(
                "\"ownerReferences\": [{{\"apiVersion\": \"apps/v1\", \"controller\": true, \"kind\": \"Deployment\", \"name\": \"app-{deployment}\", \"uid\": \"1\"}}], "
            ),
        ),
        _ => (format!("app-{deployment}"), String::new()),
    };
    format!(
        "        {{\n            \"apiVersion\": \"apps/v1\",\n            \"kind\": \"{kind}\",\n            \"metadata\": {{\"annotations\": {{\"deployment.kubernetes.io/revision\": \"1\"}}, {owned}\
         \"managedFields\": [\n{}\n            ], \"name\": \"{name}\", \"namespace\": \"default\"}},\n            \"spec\": {{\"replicas\": {replicas}, \"selector\": {{\"matchLabels\": {{\"app\": \"app-{deployment}\"}}}}, \
         \"template\": {}}}\n        }},\n",
        managed(
            "kube-controller-manager",
            &["replicas", "selector", "template", "status"]
        ),
        template(deployment),
    )
}

fn pod(n: usize, nodes: usize) -> String {
    let deployment = n / REPLICAS;
    let fields: Vec<String> = (0..14).map(|i| format!("field-number-{i}-of-the-spec")).collect();
    let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
    let condition = |kind: &str| {
        format!(
            "                    {{\n                        \"lastProbeTime\": null,\n                        \"lastTransitionTime\": \"2026-03-01T08:00:00Z\",\n                        \"status\": \"True\",\n                        \"type\": \"{kind}\"\n                    }}"
        )
    };
    let conditions = [
        "PodReadyToStartContainers",
        "Initialized",
        "Ready",
        "ContainersReady",
        "PodScheduled",
    ]
    .map(condition);
    format!(
        "        {{\n            \"apiVersion\": \"v1\",\n            \"kind\": \"Pod\",\n            \"metadata\": {{\n                \"annotations\": {{\n                    \
         \"cni.example.com/podIP\": \"10.1.2.3/32\",\n                    \"kubectl.kubernetes.io/restartedAt\": \"2026-02-01T00:00:00Z\"\n                }},\n                \
         \"creationTimestamp\": \"2026-03-01T08:00:00Z\",\n                \"generateName\": \"app-{deployment}-5d4f6-\",\n                \"labels\": {{\n                    \"app\": \"app-{deployment}\",\n                    \
         \"pod-template-hash\": \"5d4f6\"\n                }},\n                \"managedFields\": [\n{},\n{}\n                ],\n                \"name\": \"app-{deployment}-5d4f6-{n:06}\",\n                \
         \"namespace\": \"default\",\n                \"ownerReferences\": [\n                    {{\n                        \"apiVersion\": \"apps/v1\",\n                        \"blockOwnerDeletion\": true,\n                        \
         \"controller\": true,\n                        \"kind\": \"ReplicaSet\",\n                        \"name\": \"app-{deployment}-5d4f6\",\n                        \"uid\": \"11111111-0000-4000-8000-{deployment:012}\"\n                    }}\n                ],\n                \
         \"resourceVersion\": \"{}\",\n                \"uid\": \"22222222-0000-4000-8000-{n:012}\"\n            }},\n            \"spec\": {{\n                \"containers\": [\n                    {{\n                        \
         \"env\": [\n                            {{\n                                \"name\": \"POD_NAME\",\n                                \"valueFrom\": {{\n                                    \"fieldRef\": {{\n                                        \
         \"apiVersion\": \"v1\",\n                                        \"fieldPath\": \"metadata.name\"\n                                    }}\n                                }}\n                            }}\n                        ],\n                        \
         \"image\": \"registry.example.com/app:1\",\n                        \"imagePullPolicy\": \"IfNotPresent\",\n                        \"name\": \"main\",\n                        \"resources\": {{\n                            \
         \"requests\": {{\n                                \"cpu\": \"250m\",\n                                \"memory\": \"512Mi\"\n                            }}\n                        }},\n                        \
         \"volumeMounts\": [\n                            {{\n                                \"mountPath\": \"/var/run/secrets/kubernetes.io/serviceaccount\",\n                                \"name\": \"kube-api-access\",\n                                \"readOnly\": true\n                            }}\n                        ]\n                    }}\n                ],\n                \
         \"dnsPolicy\": \"ClusterFirst\",\n                \"enableServiceLinks\": true,\n                \"nodeName\": \"node-{:05}\",\n                \"preemptionPolicy\": \"PreemptLowerPriority\",\n                \"priority\": 0,\n                \
         \"restartPolicy\": \"Always\",\n                \"schedulerName\": \"default-scheduler\",\n                \"terminationGracePeriodSeconds\": 30,\n                \"tolerations\": [\n                    {{\"effect\": \"NoExecute\", \"key\": \"node.kubernetes.io/not-ready\", \"operator\": \"Exists\", \"tolerationSeconds\": 300}},\n                    \
         {{\"effect\": \"NoExecute\", \"key\": \"node.kubernetes.io/unreachable\", \"operator\": \"Exists\", \"tolerationSeconds\": 300}}\n                ],\n                \"volumes\": [\n                    {{\"name\": \"kube-api-access\", \"projected\": {{\"defaultMode\": 420, \"sources\": [{{\"serviceAccountToken\": {{\"expirationSeconds\": 3607, \"path\": \"token\"}}}}]}}}}\n                ]\n            }},\n            \
         \"status\": {{\n                \"conditions\": [\n{}\n                ],\n                \"containerStatuses\": [\n                    {{\n                        \"containerID\": \"containerd://{n:064x}\",\n                        \"image\": \"registry.example.com/app:1\",\n                        \
         \"imageID\": \"registry.example.com/app@sha256:{n:064x}\",\n                        \"lastState\": {{}},\n                        \"name\": \"main\",\n                        \"ready\": true,\n                        \"restartCount\": 0,\n                        \"started\": true,\n                        \
         \"state\": {{\n                            \"running\": {{\n                                \"startedAt\": \"2026-03-01T08:00:00Z\"\n                            }}\n                        }}\n                    }}\n                ],\n                \
         \"hostIP\": \"10.0.0.1\",\n                \"phase\": \"Running\",\n                \"podIP\": \"10.1.2.3\",\n                \"qosClass\": \"Burstable\",\n                \"startTime\": \"2026-03-01T08:00:00Z\"\n            }}\n        }}",
        managed("kube-controller-manager", &fields),
        managed("kubelet", &fields[..6]),
        5_000_000 + n,
        n % nodes,
        conditions.join(",\n"),
    )
}
