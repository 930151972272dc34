#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What every machine of the cluster needs: containerd, kubeadm, kubelet.
# usage: node.sh ADDRESS KUBERNETES-VERSION	(192.168.56.11 v1.33)
set -eu

address=$1 version=$2
export DEBIAN_FRONTEND=noninteractive

# The kubelet wants neither swap nor a node that does not forward.
swapoff -a
sed -i '/\sswap\s/d' /etc/fstab
echo "net.ipv4.ip_forward = 1
net.ipv6.conf.all.forwarding = 1" >/etc/sysctl.d/60-kubernetes.conf
sysctl -q --system

# Fairlead's devices are Fairlead's, whoever else manages the network.
install -d /etc/systemd/network
cp /vagrant/deploy/systemd/10-fairlead.network /etc/systemd/network/

apt-get -q update
apt-get -q -y install --no-install-recommends ca-certificates curl gpg containerd

# One directory for plugins and one for configurations, those that the
# manifests name.
install -d /etc/containerd
containerd config default | sed 's|SystemdCgroup = false|SystemdCgroup = true|
	s|bin_dir = .*|bin_dir = "/opt/cni/bin"|' >/etc/containerd/config.toml
systemctl restart containerd

repository=https://pkgs.k8s.io/core:/stable:/$version/deb
key=/etc/apt/keyrings/kubernetes.gpg
install -d -m 755 /etc/apt/keyrings
curl -fsSL "$repository/Release.key" | gpg --dearmor --yes -o "$key"
echo "deb [signed-by=$key] $repository/ /" >/etc/apt/sources.list.d/kubernetes.list
apt-get -q update
apt-get -q -y install kubeadm kubectl kubelet
apt-mark -q hold kubeadm kubectl kubelet

# Services are kube-proxy's, see docs/install.md: their addresses are local.
cat >/etc/systemd/system/fairlead-services.service <<U
[Unit]
After=network.target
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/sbin/ip route replace local 10.96.0.0/12 dev lo
[Install]
WantedBy=multi-user.target
U
systemctl enable -q --now fairlead-services

# Vagrant's first network is the same on all machines: the node is the second.
echo "KUBELET_EXTRA_ARGS=--node-ip=$address" >/etc/default/kubelet
systemctl enable -q --now kubelet
